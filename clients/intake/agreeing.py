"""What takes a second officer before it is sealed, and the hash by which two officers mean the same list.

Sealing a portion to another agency shows it for good, as a release does; so it takes two officers above the same level,
or above a lower one that the profile says (docs/protocol.md, 6.20; docs/vocabulary.md, 6).
"""

from collections.abc import Iterable, Mapping, Sequence

from clients.durable import make_folder, write_file
from clients.home import Home
from clients.importing import PlannedRow
from clients.keyring import SigningKey
from clients.officers import enrolled
from crypto.digests import sha256
from crypto.encoding import lp
from crypto.signing import Signer
from ledger.officers import (
    PlannedSubmission,
    ProposalFile,
    approve,
    keep,
    propose,
    verify_approved,
    verify_proposed,
)
from ledger.plan import Plan, PlannedPortion
from ledger.profiles import Profile


def why_two(rows: Iterable[PlannedRow], profile: Profile) -> tuple[str, ...]:
    """Return why two officers must agree to these rows; nothing where one may send them."""
    shared = {
        (portion.audience.level, name)
        for row in rows
        for plan in row.plans
        for name, portion in plan.portions.items()
        if portion.audience.recipients - {profile.agency} and portion.audience.level > profile.alone
    }
    return tuple(f"{name} is sealed to others as {level.value}" for level, name in sorted(shared))


def planned(rows: Sequence[PlannedRow]) -> Mapping[bool, PlannedSubmission]:
    """Return what officers sign for a list, by whether corrections go with it: all that `rows` say, and who will read it.

    A row's fingerprint stands for what it says; a plan for its class, labels, audiences, fields and hit policy.
    """
    spelled: dict[tuple[int, int], bytes] = {}
    parts: list[bytes] = []
    for row in rows:
        parts += [row.fingerprint, row.key or b"", *(_plan(plan, spelled) for plan in row.plans)]
    said, records = lp(*parts), sum(len(row.plans) for row in rows)
    words = {False: b"new", True: b"correct"}
    return {
        correct: PlannedSubmission(records=records, h=sha256(b"sealtrace/v1/submission" + lp(word) + said))
        for correct, word in words.items()
    }


def propose_list(home: Home, do: PlannedSubmission, *, officer: str, signer: Signer, now: int) -> bytes:
    """Return the file that another officer may approve; the proposer must be enrolled here."""
    me = home.config().id
    file = propose(do, agency=me, officer=officer, signer=signer, now=now)
    verify_proposed(file, agency=me, enrolled=enrolled(home), now=now)
    return file


def check_proposed(home: Home, file: bytes, *, now: int) -> ProposalFile:
    """Return what a file proposes, once its signatures are good and it has not run out."""
    return verify_proposed(file, agency=home.config().id, enrolled=enrolled(home), now=now)


def approve_list(  # noqa: PLR0913 - who approves which file, when, and under which key the agency keeps it, by name
    home: Home, file: bytes, *, officer: str, signer: Signer, signing: SigningKey, now: int
) -> bytes:
    """Return the file with the second officer's signature, kept under the agency's own before anything is sealed."""
    me, known = home.config().id, enrolled(home)
    approved = approve(file, agency=me, officer=officer, signer=signer, enrolled=known, now=now)
    found = verify_approved(approved, agency=me, enrolled=known, now=now)
    make_folder(home.approvals)
    path = home.approvals / f"{found.proposal.id.hex()}.json"
    write_file(path, keep(approved, agency=me, signer=signing.signer, kid=signing.kid))
    return approved


def _plan(plan: Plan, spelled: dict[tuple[int, int], bytes]) -> bytes:
    portions = [
        part
        for name, portion in plan.portions.items()
        for part in (name.encode(), _seen(portion, spelled), lp(*portion.fields))
    ]
    return lp(plan.record_class, plan.hit.value, *portions)


def _seen(portion: PlannedPortion, spelled: dict[tuple[int, int], bytes]) -> bytes:
    """Return label and audience of a portion: records of one class share both, so each is spelled once."""
    key = (id(portion.spelled), id(portion.audience))
    if key not in spelled:
        spelled[key] = lp(portion.spelled, portion.audience.level.value, *sorted(portion.audience.recipients))
    return spelled[key]
