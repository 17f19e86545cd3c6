"""The access log of a witnessed service, grown without anybody asking anything."""

from ledger.accesslog import FILL, AccessEntry
from ledger.checkpoints import Checkpoint
from ledger.identifiers import access_origin
from ledger.log import Append, Log
from ledger.notes import parse_note
from ledger.wire import paths
from ledger.witnesses import LogName
from server.accessstore import AccessStore
from tests.support.witnessed import WitnessedWorld


def grow(world: WitnessedWorld, number: int) -> None:
    """Add eight entries to the access log, and wait until all witnesses have cosigned it."""
    origin = world.consortium.origin
    store = AccessStore(world.service.store)
    log = Log(
        store=store,
        origin=access_origin(origin),
        ed25519=world.keys.access_ed25519,
        ml_dsa_44=world.keys.access_ml_dsa_44,
    )
    entries = [AccessEntry(q=bytes([number, at] * 16), o=bytes(32)).format() for at in range(FILL)]
    grown = log.append(Append(entries=tuple(entries)), store.head().size)
    world.service.publishing.signed(LogName.ACCESS)
    world.until(lambda: _published(world) == grown.size)


def _published(world: WitnessedWorld) -> int:
    answer = world.client.get(paths.ACCESS_CHECKPOINT)
    if answer.status_code != 200:
        return 0
    note = parse_note(answer.data)
    return Checkpoint.parse(note.text).size if len(note.signatures) == 10 else 0
