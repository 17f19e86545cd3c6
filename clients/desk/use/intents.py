"""Acts that are kept in another file than the record of use: noted when they begin, and again by what came of them.

What an officer sends is written into the outbox, and no transaction is over both files. So the record says what begins;
the outbox keeps the act's id in the transaction of the act itself; and the record says by the outbox's word whether it was
done. A desk that died in between says it at its next start (docs/adr/0086).
"""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol

from sqlalchemy import Column, Engine, LargeBinary, MetaData, String, Table, delete, insert, select

from clients.database import reading
from clients.desk.use.record import Act

BEGINS = "begins"
NOT_DONE = "did not do"

INTENTS = MetaData()
_BEGUN = Table(
    "use_begun",
    INTENTS,
    Column("act", LargeBinary, primary_key=True),
    Column("who", String, nullable=False),
    Column("did", String, nullable=False),
    Column("of", String, nullable=False),
)


class _Record(Protocol):
    def together(self) -> AbstractContextManager[Act]:
        """Give a transaction over the desk's database, in which something is done and noted."""


class Intents:
    """The acts of one desk that have begun and whose outcome is not noted yet."""

    def __init__(self, record: _Record, engine: Engine, *, is_done: Callable[[bytes], bool]) -> None:
        """Take the record, the desk's database, and who tells whether an act was done."""
        self._record = record
        self._engine = engine
        self._is_done = is_done

    @contextmanager
    def doing(self, act: bytes, who: str, did: str, of: Sequence[str]) -> Iterator[None]:
        """Note that `who` begins what is done in the block, then that they `did` it, or did not."""
        with self._record.together() as noting:
            noting.connection.execute(insert(_BEGUN).values(act=act, who=who, did=did, of=json.dumps([*of])))
            noting.note(who, BEGINS, *(f"{did}: {one}" for one in of))
        try:
            yield
        finally:
            # Also after an error: what failed may be what came after the act, the sending of what was written.
            self._close(act, who, did, of)

    def settle(self) -> None:
        """Note what came of every act that a desk began and did not live to close."""
        with reading(self._engine) as connection:
            rows = connection.execute(select(_BEGUN)).all()
        for row in rows:
            self._close(row.act, row.who, row.did, json.loads(row.of))

    def _close(self, act: bytes, who: str, did: str, of: Sequence[str]) -> None:
        done = self._is_done(act)
        with self._record.together() as noting:
            noting.connection.execute(delete(_BEGUN).where(_BEGUN.c.act == act))
            if done:
                noting.note(who, did, *of)
            else:
                noting.note(who, NOT_DONE, *(f"{did}: {one}" for one in of))
