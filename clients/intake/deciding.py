"""What people decide about an import: its columns, to sign for it, to approve or refuse what another signed, to end it.

Each is one compare-and-swap from where the person saw it. What takes two officers is signed by both over the hash of the
very plans (`clients/intake/agreeing.py`), and nothing is sealed here: that is for `clients/intake/sending.py`.
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass, field

from clients.errors import ListError, NotPermittedError
from clients.intake.advancing import Bench
from clients.intake.agreeing import approve_list, check_proposed, propose_list
from clients.intake.reading import header_of, unpack
from clients.intake.states import State
from clients.intake.store import ChangedError, Import, Told
from clients.lists.maps import parse_map
from clients.lists.rows import check_map
from clients.lists.tables import Format, Table
from crypto.encoding import unb64u
from crypto.signing import Signer
from ledger.kinds import Role
from ledger.officers import ApprovalError, PlannedSubmission


@dataclass(frozen=True, slots=True, kw_only=True)
class Officer:
    """Who decides: their name as an officer, and how their own key is opened, which is only done where it signs."""

    name: str
    signer: Callable[[], Signer] = field(repr=False)


def table_of(bench: Bench, one: Import) -> Table:
    """Return a list as it was read; raise ChangedError before it is."""
    read = bench.imports.content(one.number).read
    if read is None:
        raise ChangedError("the list is not read yet", next_step="wait a moment, and open the import again")
    return unpack(read)


def read_again(bench: Bench, one: Import, form: Format) -> Import:
    """Have a list read anew as the officer says: another sheet, encoding, delimiter or line of the header."""
    return bench.imports.move(one, State.UPLOADED, form=asdict(form), map="", findings={})


def confirm_columns(bench: Bench, one: Import, text: str, *, source: str = "") -> Import:
    """Take the map `text` for a list, and remember it for its columns under `source` where that is given.

    Raises ListError, and changes nothing, for a map that cannot be read or is not one for these columns.
    """
    table = table_of(bench, one)
    check_map(parse_map(text), table)
    confirmed = bench.imports.move(one, State.MAPPED, map=text)
    if source:
        bench.imports.remember(source, header=header_of(table), text=text)
    return confirmed


def sign(bench: Bench, one: Import, officer: Officer, *, good_rows: bool = False, correct: bool = False) -> Import:
    """Return an import that its officer signed for: approved where one may send it, else proposed to a second one."""
    found = one.findings
    if found.get("rejected") and not good_rows:
        raise ListError(
            f"{found['rejected']:,} rows cannot be read",
            next_step="correct them, or say that the good rows alone go in",
        )
    if not found.get("fresh") and not (correct and found.get("corrections")):
        raise ListError("there is nothing to send", next_step="what is logged already is not sent twice")
    if not found.get("two"):
        return bench.imports.move(one, State.APPROVED, good_rows=good_rows, correct=correct)
    do = what_is_signed(one, correct=correct)
    now = bench.now()
    file = propose_list(bench.home, do, officer=officer.name, signer=officer.signer(), now=now)
    return bench.imports.move(one, State.PROPOSED, proposal=file, good_rows=good_rows, correct=correct)


def approve(bench: Bench, one: Import, officer: Officer) -> Import:
    """Return an import that a second officer approved; raise ApprovalError for the same one, or too late."""
    if one.state is not State.PROPOSED:
        raise ChangedError("the import does not wait for a second officer", next_step="look at it as it is now")
    file = check_proposed(bench.home, one.proposal, now=bench.now())
    if file.proposal.do != what_is_signed(one, correct=one.correct):
        raise ApprovalError("the proposal is for another list than this import is now")
    approved = approve_list(
        bench.home,
        one.proposal,
        officer=officer.name,
        signer=officer.signer(),
        signing=bench.keyring.signer(Role.SIGN),
        now=bench.now(),
    )
    return bench.imports.move(one, State.APPROVED, proposal=approved)


def refuse(bench: Bench, one: Import, *, officer: str, why: str) -> Import:
    """Return an import that a second officer refused; nobody refuses their own, which is to end it."""
    if officer.casefold() == one.officer.casefold():
        raise NotPermittedError("this is your own import", next_step="withdraw the proposal, or end the import")
    return bench.imports.move(one, State.REFUSED, told=Told(what=f"{officer}: {why}" if why else officer))


def withdraw(bench: Bench, one: Import) -> Import:
    """Return an import whose proposal was taken back, to be looked at anew; one that ran out goes the same way."""
    return bench.imports.move(one, State.CHECKED, proposal=b"")


def end(bench: Bench, one: Import) -> Import:
    """Return an import that goes no further: what was uploaded is deleted, what is logged stays logged."""
    return bench.imports.move(one, State.ENDED)


def what_is_signed(one: Import, *, correct: bool) -> PlannedSubmission:
    """Return what officers sign for an import as it was checked."""
    digest = one.findings["plans_corrected" if correct else "plans"]
    return PlannedSubmission(records=one.findings["records"], h=unb64u(digest))
