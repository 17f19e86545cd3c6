"""A new root for an agency: every key anew, under new numbers, by the members' charter (docs/protocol.md, 8).

All of them wait in a keystore of their own; the enrolment request goes to whoever proposes the charter. When the log
holds that charter, `adopt` puts them in the old ones' place.
"""

from dataclasses import dataclass, replace
from itertools import count, takewhile
from pathlib import Path

from clients.agency import enrolment_of
from clients.durable import sync_folder
from clients.errors import HomeError
from clients.home import Home
from clients.keyring import OFFLINE_ROLES, WORKING_ROLES, Keyring, create_keystore, draw_keys, public_key
from clients.session import Standing
from clients.witnesskeys import draw_witness_keys
from crypto.keystore import STRONG, Cost
from ledger.identifiers import KeyId
from ledger.kinds import Role
from ledger.membership import Membership


@dataclass(frozen=True, slots=True, kw_only=True)
class NewRoot:
    """A root that the charter in force names: its key ids, and where the old root's file lies from now on."""

    kids: tuple[KeyId, ...]
    retired: str


def draw(standing: Standing, *, passphrase: bytes, working: bytes, cost: Cost = STRONG) -> bytes:
    """Draw all keys of this home's agency anew; return the enrolment request that the next charter needs.

    `working` is the passphrase of the witness keystore, where a witness's new keys wait beside the old: the checkpoint
    that holds the new charter first is cosigned with both.
    """
    standing.authority.catch_up(standing.me)
    membership, home = standing.authority.membership, standing.session.home
    first = membership.last_number(standing.me) + 1
    offline = draw_keys(standing.me, OFFLINE_ROLES, first=first)
    anew = draw_keys(standing.me, WORKING_ROLES, first=first + len(offline))
    _keep_earlier(home)
    create_keystore(home.next_root_keystore, passphrase=passphrase, keys=[*offline, *anew], cost=cost)
    agency = membership.agency(standing.me, standing.view.checkpoint.size)
    keys = tuple(public_key(secret) for secret in (*offline, *anew))
    if standing.me in standing.view.charter.witness.agencies:
        last = keys[-1].kid.number
        keys += draw_witness_keys(home, first=last + 1, passphrase=working, cost=cost).keys
    return enrolment_of(replace(agency, keys=keys))


def adopt(home: Home, keyring: Keyring, *, next_root: Keyring, membership: Membership, size: int) -> NewRoot:
    """Take the new keys into use once the charter in force names the new root; raise HomeError before."""
    me = home.config().id
    roots = membership.keys_of(me, role=Role.ROOT, index=size)
    if roots != tuple(key for _, key in next_root.roots()):
        raise _not_named(home)
    working = {key.kid for role in WORKING_ROLES for key in membership.keys_of(me, role=role, index=size)}
    ended = [key.kid for key in keyring.public_keys() if key.kid not in working and key.role is not Role.HPKE]
    next_root.move_working_keys(keyring)
    keyring.destroy(ended)
    retired = home.root_keystore.with_name(f"root.keystore.until-{roots[0].kid.number}")
    if home.root_keystore.exists():
        home.root_keystore.rename(retired)
    home.next_root_keystore.rename(home.root_keystore)
    sync_folder(home.path)
    return NewRoot(kids=tuple(key.kid for key in roots), retired=retired.name)


def _keep_earlier(home: Home) -> None:
    """Keep a root that was drawn before and not adopted: the charter that names it may be signed, or in force by now.

    Thrown away it could never be adopted, and the agency would stand in the log under keys that nobody has.
    """
    if home.next_root_keystore.exists():
        home.next_root_keystore.rename(_aside(home, len(_earlier(home)) + 1))
        sync_folder(home.path)


def _earlier(home: Home) -> list[Path]:
    return [*takewhile(Path.exists, (_aside(home, number) for number in count(1)))]


def _aside(home: Home, number: int) -> Path:
    return home.next_root_keystore.with_name(f"{home.next_root_keystore.name}.{number}")


def _not_named(home: Home) -> HomeError:
    step = "sign and submit the charter that does"
    if earlier := _earlier(home):
        names = ", ".join(path.name for path in earlier)
        step += (
            f"; if it names one that was drawn before ({names}), put that file in the place of "
            f"{home.next_root_keystore.name} and run `sealtrace key adopt` again"
        )
    return HomeError("the charter in force does not name the new root", next_step=step)
