"""The next generation of the service's keys, prepared for a charter that names it (docs/adr/0031)."""

from pathlib import Path

from sqlalchemy.exc import DatabaseError

from crypto import privatefile
from ledger.charter import Charter, parse_charter
from server import database
from server.config import Config
from server.errors import StartError
from server.keys import add_generation, add_match_key, service_json


def prepare_successor(
    config: Config, *, passphrase: bytes, match_only: bool = False, allow_weak: bool = False
) -> bytes:
    """Draw the next generation, or with `match_only` the next matching key alone; return what the next charter must name.

    It is in `service.next.json` too.
    The service signs with both once it is started again, and with the new one alone after that charter. Raises
    StartError while there is no charter, KeystoreError while an earlier successor still waits.
    """
    charter = _in_force(config.database)
    if match_only:
        keys = add_match_key(config.keystore, passphrase=passphrase, in_force=charter, allow_weak=allow_weak)
    else:
        keys = add_generation(
            config.keystore, passphrase=passphrase, in_force=charter.log, match=charter.match, allow_weak=allow_weak
        )
    raw = service_json(keys, origin=charter.origin, url=charter.url)
    privatefile.replace(config.next_service, raw)
    return raw


def _in_force(path: Path) -> Charter:
    engine = database.read_only(path)
    try:
        with engine.connect() as connection:
            row = connection.exec_driver_sql("SELECT file FROM charters ORDER BY ver DESC LIMIT 1").one_or_none()
    except DatabaseError as error:
        raise StartError(f"{path} cannot be read as the database of a log") from error
    finally:
        engine.dispose()
    if row is None:
        raise StartError("the log has no charter yet: its first one names the keys it was made with")
    return parse_charter(row[0])
