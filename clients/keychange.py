"""Change an agency's own working keys: rotate, revoke (docs/protocol.md, 3.3).

New keys are kept as prepared, and the signed entry in a file, before the first byte is sent. So a crash or a lost
answer leaves either nothing or an entry that is sent again to the byte; keys come into use when the log proves them.
What the service refuses is kept until another change is logged: its word does not say that it will never log it.
"""

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from clients.chain import send_waiting
from clients.durable import make_folder, sync_folder, write_file
from clients.errors import HomeError, NotPermittedError, UnreachableError
from clients.keyring import WORKING_ROLES, Keyring, draw_keys, public_key
from clients.receipts import verify_receipt
from clients.session import Session, Standing
from clients.trust import View
from ledger.errors import BusyError, LedgerError, StaleEpochError
from ledger.identifiers import KeyId
from ledger.jsontext import MAX_ENTRY_BYTES
from ledger.keyentries import KeyEntry, build_key_entry, parse_key_entry
from ledger.keys import Key
from ledger.kinds import Role
from ledger.merkle import leaf_hash

# A box may be sealed to an hpke key until its sender has learnt of the new one, and is opened as long as it is kept.
_KEPT = (Role.HPKE,)
_LEAVES = 4_096


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """What a logged key entry changed: the keys that came, those that ended, and where it stands."""

    added: tuple[Key, ...]
    ended: tuple[KeyId, ...]
    since: int | None
    index: int


def rotate(session: Session, root: Keyring, roles: Sequence[Role] = WORKING_ROLES) -> Changed:
    """Replace every key of `roles` in force by a new one, and return what the log now says.

    What waits in the outbox is sent first: signed by a key that then ends, it could not be logged any more.
    """
    session = _finish(session)
    with suppress(StaleEpochError):
        send_waiting(session)
    standing = _stand(session)
    ended = [key.kid for role in roles for key in _in_force(standing, role)]
    return _change(standing, root, roles=roles, ended=ended, since=None)


def revoke(session: Session, root: Keyring, kids: Iterable[KeyId], *, since: int | None) -> Changed:
    """End keys that others may hold; a role that would be left without a key gets a new one in the same entry.

    Nothing of the outbox is sent first: a batch that the service refuses would leave a thief the key. What waits there is
    signed anew or discarded when it is next sent (`clients/chain.py`), as after any key that has ended.
    """
    standing = _stand(_finish(session))
    ended = sorted(set(kids))
    known = {key.kid: key for role in WORKING_ROLES for key in _in_force(standing, role)}
    if not ended or not set(ended) <= set(known):
        raise HomeError("not a working key of this agency in force", next_step="see `sealtrace key show`")
    emptied = [role for role in WORKING_ROLES if {key.kid for key in _in_force(standing, role)} <= set(ended)]
    return _change(standing, root, roles=emptied, ended=ended, since=since)


def resume(session: Session) -> Changed | None:
    """Send the key entry that waits in this home, if one does, and bring its keys into use."""
    if not session.home.key_entry.exists():
        return None
    entry = session.home.key_entry.read_bytes()[: MAX_ENTRY_BYTES + 1]
    try:
        receipt = session.service.submit_key(entry)
    except (BusyError, UnreachableError):
        raise
    except (LedgerError, NotPermittedError):
        _set_aside(session, entry)
        raise
    verify_receipt(session, entry, receipt)
    return _adopt(session, parse_key_entry(entry), receipt.index)


def _finish(session: Session) -> Session:
    """Finish the change before this one, and return the session with the key that signs its requests since."""
    resume(session)
    _recover(session)
    return replace(session, service=session.service.signed_by(*session.keyring.signer(Role.HTTP).pair()))


def _stand(session: Session) -> Standing:
    """Return where this home stands, with every change of its own keys that is logged."""
    standing = session.stand()
    standing.authority.catch_up(standing.me)
    return standing


def _in_force(standing: Standing, role: Role) -> tuple[Key, ...]:
    return standing.authority.membership.keys_of(standing.me, role=role, index=standing.view.checkpoint.size)


def _change(
    standing: Standing, root: Keyring, *, roles: Sequence[Role], ended: Sequence[KeyId], since: int | None
) -> Changed:
    membership, size = standing.authority.membership, standing.view.checkpoint.size
    if tuple(key for _, key in root.roots()) != _in_force(standing, Role.ROOT):
        raise HomeError("this root keystore is not the one the charter names", next_step="bring the newest one")
    numbers = [key.kid.number for key in standing.session.keyring.pending()]
    drawn = draw_keys(standing.me, tuple(roles), first=max(membership.last_number(standing.me), *numbers, 0) + 1)
    entry = build_key_entry(
        iss=standing.me,
        iat=standing.now(),
        origin=membership.origin,
        prev=membership.key_chain(standing.me, size),
        roots=root.roots(),
        add=[public_key(secret) for secret in drawn],
        end=sorted(ended),
        since=since,
    )
    session = standing.session
    session.keyring.prepare(drawn)
    write_file(session.home.key_entry, entry)
    changed = resume(session)
    if changed is None:
        raise HomeError("the key entry vanished from the home", next_step="run the command again")
    return changed


def _adopt(session: Session, entry: KeyEntry, index: int) -> Changed:
    kept = {key.kid for key in session.keyring.public_keys() if key.role in _KEPT}
    session.keyring.adopt(kids=[key.kid for key in entry.add], destroy=[kid for kid in entry.end if kid not in kept])
    _forget(session)
    return Changed(added=entry.add, ended=entry.end, since=entry.since, index=index)


def _set_aside(session: Session, entry: bytes) -> None:
    """Keep what was refused, and its keys: a service that logged it all the same would have ended the old ones."""
    make_folder(session.home.refused_entries)
    write_file(session.home.refused_entries / leaf_hash(entry).hex(), entry)
    session.home.key_entry.unlink()
    sync_folder(session.home.path)


def _recover(session: Session) -> None:
    """Bring the keys of a refused entry into use if the log holds it: of two behind one `prev`, the first counts.

    Found among the hashes of the leaves, which anybody may read: whose keys have ended can sign no request.
    """
    refused = [path.read_bytes() for path in _refused(session)]
    if not refused:
        return
    view = session.refresh()
    placed = [(index, entry) for entry in refused if (index := _place(view, entry)) is not None]
    if placed:
        index, entry = min(placed)
        _adopt(session, parse_key_entry(entry), index)


def _place(view: View, entry: bytes) -> int | None:
    leaf, size = leaf_hash(entry), view.checkpoint.size
    for start in range(parse_key_entry(entry).prev + 1, size, _LEAVES):
        leaves = view.tree.leaf_hashes(start, min(start + _LEAVES, size))
        if leaf in leaves:
            return start + leaves.index(leaf)
    return None


def _refused(session: Session) -> list[Path]:
    folder = session.home.refused_entries
    return sorted(folder.iterdir()) if folder.is_dir() else []


def _forget(session: Session) -> None:
    for path in (session.home.key_entry, *_refused(session)):
        path.unlink(missing_ok=True)
    sync_folder(session.home.path)
