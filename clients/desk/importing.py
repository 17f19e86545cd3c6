"""The desk's bench for imports: whose they are, under which marking they are shown, and the worker's turns at them.

Whoever typed or brought a list knows what is in it, whatever their clearance; so it is shown to them, and to a second
officer only under the one decision function (docs/adr/0069).
"""

from collections.abc import Callable
from functools import partial

from sqlalchemy import Engine

from clients.authority import members_of
from clients.desk.office import Office
from clients.desk.parts import Parts, parts
from clients.desk.people.current import me
from clients.desk.people.person import SignedIn
from clients.desk.ticks import IMPORTS
from clients.errors import ListError, PassphraseError
from clients.intake.advancing import Bench, advance
from clients.intake.checking import marking_of
from clients.intake.states import State
from clients.intake.store import Import, Imports, MissingError
from clients.officers import officer_signer
from clients.session import load_profile
from clients.trust import Trust
from crypto.encoding import b64u, unb64u
from crypto.errors import CryptoError, EncodingError
from crypto.keystore import STRONG
from crypto.signing import Signer
from ledger.decision import Permit, UnderLabel, permit
from ledger.jsontext import JsonValue
from ledger.labels import Label, Members, label_from_json, readers
from ledger.markings import Marking
from ledger.profiles import Profile
from ledger.recordform import PORTIONS

SECONDS = 60

_ONCE_BYTES = 16
# What a second officer is asked about, and what is left of it afterwards.
_SHARED = frozenset({State.PROPOSED, State.APPROVED, State.SENDING, State.DONE})


def begin(made: Parts) -> None:
    """Let the desk's worker take its turns: at the start, every minute, and whenever a page wakes it."""
    turn = partial(take_turn, bench_of(made.engine, made.office, made.clock))
    made.working.every(SECONDS, turn, name=IMPORTS)


def take_turn(bench: Bench) -> None:
    """Do all that is the program's to do now."""
    advance(bench)


def wake() -> None:
    """Let the worker look at once."""
    parts().working.wake(IMPORTS)


def bench() -> Bench:
    """Return the bench of the desk that answers this request."""
    return bench_of(parts().engine, parts().office, parts().clock)


def bench_of(engine: Engine, office: Office, clock: Callable[[], int]) -> Bench:
    """Return the bench of a desk."""
    return Bench(
        imports=Imports(engine, clock=clock),
        now=clock,
        home=office.home,
        keyring=office.keyring,
        database_key=office.database_key,
        today=office.today,
        tables=lambda: office.tables,
        session=office.session,
    )


def decided(decide: Callable[[Bench], Import], did: str) -> Import:
    """Take a step that whoever is signed in decided on, and note it: both are kept, or neither."""
    with parts().use.together() as act:
        one = decide(bench().within(act.connection))
        act.note(me().person.name, did, name_of(one))
    return one


def name_of(one: Import) -> str:
    """Return how the record of use names an import."""
    return f"import {one.number}"


def found(number: int, signed_in: SignedIn) -> Import:
    """Return an import that this person may see; for everybody else it is as if there were none."""
    one = bench().imports.get(number)
    if not is_shown(one, signed_in):
        raise MissingError("there is no import of this number")
    return one


def waiting(signed_in: SignedIn) -> tuple[Import, ...]:
    """Return the imports that are not over and that this person may see: their own, and those to approve."""
    return tuple(one for one in bench().imports.unfinished() if is_shown(one, signed_in))


def is_shown(one: Import, signed_in: SignedIn) -> bool:
    """Say whether a person may see an import: their own, or as a second officer one that they are cleared for."""
    return one.person == signed_in.person.id or (one.state in _SHARED and is_cleared(one, signed_in))


def is_cleared(one: Import, signed_in: SignedIn) -> bool:
    """Say whether a person may read all of what an import will be sealed as, for what they work for now."""
    viewer = parts().office.viewer(signed_in.person, signed_in.purpose)
    me = parts().office.me
    for label in _labels(one):
        named = readers(label, originator=me, members=viewer.members)
        carried = UnderLabel(label=label, originator=me, readers=named, bound=None)
        ceiling = viewer.members.ceilings.get(me)
        answer = permit(viewer.reader, carried, purpose=viewer.purpose, charter_ceiling=ceiling, today=viewer.today)
        if not isinstance(answer, Permit):
            return False
    return bool(_labels(one))


def standing() -> tuple[Profile, Members]:
    """Return the profile in use, and the members as last verified."""
    charters = Trust(parts().office.home.trusted).charters()
    return load_profile(parts().office.home, charters[-1]), members_of(charters)


def marking(one: Import | None) -> Marking | None:
    """Return the marking of a page about an import; before its labels are known it is the strictest of the profile."""
    profile, members = standing()
    labels = one.findings.get("labels") if one is not None else None
    return marking_of(labels or _strictest(profile), profile=profile, members=members)


def signer_of(signed_in: SignedIn, passphrase: str) -> Signer:
    """Return the signer of the person as an officer; raise PassphraseError where the passphrase does not open their key."""
    try:
        return officer_signer(
            parts().office.home,
            signed_in.person.name,
            passphrase=passphrase.encode(),
            allow_weak=parts().cost != STRONG,
        )
    except CryptoError as error:
        raise PassphraseError("it does not open your officer's key", next_step="type it again") from error


def _strictest(profile: Profile) -> list[JsonValue]:
    """Return the labels of every portion of every class: whatever is entered will be under one of them."""
    return [one.labels[portion].to_json() for one in profile.classes for portion in PORTIONS]


def _labels(one: Import) -> list[Label]:
    return [label_from_json(label) for label in one.findings.get("labels", [])]


def once() -> str:
    """Return the number of a form that begins something: sent twice, it begins it once."""
    return b64u(parts().office.world.token_bytes(_ONCE_BYTES))


def once_of(text: str) -> bytes:
    """Return the number that a form carries; raise ListError for what no form of ours carries."""
    try:
        return unb64u(text, size=_ONCE_BYTES)
    except EncodingError as error:
        raise ListError("the form has no number", next_step="open its page again") from error
