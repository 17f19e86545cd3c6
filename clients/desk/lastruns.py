"""How long work went the last time, kept over a restart: an audit of last night is told in the morning."""

from collections.abc import Mapping

from sqlalchemy import Column, Engine, Integer, MetaData, String, Table, select
from sqlalchemy.dialects.sqlite import insert

from clients.database import reading
from clients.desk.working import Ran

LAST_RUNS = MetaData()
_RUN = Table(
    "last_run",
    LAST_RUNS,
    Column("name", String, primary_key=True),
    Column("at", Integer, nullable=False),
    Column("kind", String, nullable=False),
    Column("what", String, nullable=False),
)


class LastRuns:
    """The rows of one desk."""

    def __init__(self, engine: Engine) -> None:
        """Take the desk's database."""
        self._engine = engine

    def all(self) -> Mapping[str, Ran]:
        """Return how each job that was asked for went the last time."""
        with reading(self._engine) as connection:
            return {row.name: Ran(at=row.at, kind=row.kind, what=row.what) for row in connection.execute(select(_RUN))}

    def keep(self, name: str, ran: Ran) -> None:
        """Keep how a job went."""
        values = {"at": ran.at, "kind": ran.kind, "what": ran.what}
        row = insert(_RUN).values(name=name, **values)
        with self._engine.begin() as connection:
            connection.execute(row.on_conflict_do_update(index_elements=["name"], set_=values))
