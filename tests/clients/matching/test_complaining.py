"""Complaints by command: an agency calls the auditors, and an auditor reads and checks what it is shown."""

import json
from contextlib import closing
from dataclasses import replace

import pytest

from clients.errors import ListError
from clients.matching import complaining
from clients.matching.auditing import openings
from clients.transport import Request, Response, Transport
from crypto.encoding import b64
from ledger.errors import MalformedError
from ledger.notices import AskedStands, Audited, parse_notice
from ledger.wire import paths, requests
from server.app import service_of
from server.questionrows import NOBODY, keep_outcome
from tests.support.commands import Result, command
from tests.support.loopback import Walk

OWNER, ASKER, AUDITOR = "xbe-cib", "xar-arms", "xau-dit"
DAY = 86_400


class Framing:
    """A service that says that another agency asked."""

    def __init__(self, honest: Transport) -> None:
        """Take the honest one."""
        self._honest = honest

    def send(self, request: Request, *, limit: int) -> Response:
        """Return its answer, with another asker in the notices."""
        response = self._honest.send(request, limit=limit)
        if request.path != paths.NOTICES:
            return response
        return replace(response, body=response.body.replace(b'"iss":"xar-arms"', b'"iss":"xco-npa1"'))


def shown(walk: Walk) -> Result:
    """Return what the auditor reads."""
    return command(walk, "openings", "--json", home=AUDITOR)


def asked_name(walk: Walk) -> str:
    """Return the name of the question that was asked."""
    listed = command(walk, "match", "--asked", "--json", home=ASKER)
    return str(listed.json["questions"][0]["question"])


def matched_number(walk: Walk) -> int:
    """Return the number of the notice that the owner was asked."""
    listed = command(walk, "notices", "--json", home=OWNER)
    return int(next(one["number"] for one in listed.json["notices"] if one["notice"]["kind"] == "matched"))


def test_an_auditor_is_shown_nothing_before_its_time(walk: Walk) -> None:
    """Thirty days lie between a question and its audit, unless somebody complains."""
    assert shown(walk).json == {"openings": []}


def test_an_originator_complains_and_the_auditor_checks(walk: Walk) -> None:
    """The complaint, the question and its signature stand in the access log that everybody sees."""
    done = command(walk, "complain", "--notice", str(matched_number(walk)), home=OWNER)

    assert done.code == 0, done.notes
    (opened,) = shown(walk).json["openings"]
    assert (opened["asker"], opened["path"], opened["complaint"], opened["doubt"]) == (
        ASKER,
        paths.MATCHES,
        OWNER,
        "",
    )


def test_an_asker_complains_of_its_own_question(walk: Walk) -> None:
    """By the question's name, in words a person can type."""
    done = command(walk, "complain", "--question", asked_name(walk), home=ASKER)

    assert done.code == 0, done.notes
    told = command(walk, "openings", home=AUDITOR)
    assert f"{ASKER} · {paths.MATCHES} · complaint of {ASKER}" in told.output
    assert "1 entry opened · 0 doubts" in told.output


def test_evaluations_are_audited_as_questions_are(walk: Walk) -> None:
    """After thirty days the auditor is shown every request, those for tokens too, and each bears its asker's signature."""
    walk.clock.now += 30 * DAY
    opened = shown(walk)

    assert opened.code == 0, opened.output
    assert {one["path"] for one in opened.json["openings"]} == {paths.MATCHES, paths.EVALUATIONS}
    assert [one["doubt"] for one in opened.json["openings"]] == [""] * len(opened.json["openings"])


def test_an_evaluation_that_stands_changed_in_the_access_log_is_a_doubt(walk: Walk) -> None:
    """An asker checks where its evaluations stand as it checks its questions."""
    with closing(walk.session(ASKER)) as session:
        stands = [one.notice for one in session.book.notices() if isinstance(one.notice, AskedStands)]
        evaluations = [one for one in stands if session.book.question(one.body_hash) is None]

        assert evaluations
        assert all(session.book.signed(one.body_hash) for one in evaluations)


def test_an_operator_that_frames_an_asker_before_the_auditor(walk: Walk) -> None:
    """An opening in another's name, or of words that were not signed, is told as a doubt and ends with a refusal."""
    walk.clock.now += 30 * DAY

    told = command(walk, "openings", "--json", home=AUDITOR, transport=Framing(walk.transport))

    assert told.code != 0
    framed = [one for one in told.json["openings"] if one["asker"] == "xco-npa1"]
    assert framed
    assert all(one["doubt"] for one in framed)


@pytest.mark.parametrize(
    ("changes", "doubt"),
    [
        pytest.param({"body_hash": bytes(32)}, "the request is not what its asker signed", id="other words"),
        pytest.param(
            {"signature": f"sealtrace=:{b64(bytes(64))}:"},
            "the request is not what its asker signed",
            id="no signature",
        ),
        pytest.param(
            {"iss": "xco-npa1"},
            "the request was signed by another agency than is said to have made it",
            id="another's signature",
        ),
    ],
)
def test_attack_an_operator_logs_a_request_that_nobody_signed(
    walk: Walk, changes: dict[str, str | bytes], doubt: str
) -> None:
    """What an operator wrote into the access log itself opens as it should: the asker's signature alone tells it."""
    service = service_of(walk.app)
    with service.store.writing() as connection:
        body = connection.exec_driver_sql("SELECT body FROM openings ORDER BY idx LIMIT 1").scalar_one()
        honest = parse_notice(bytes(body))
        assert isinstance(honest, Audited)
        keep_outcome(connection, replace(honest.asked, **changes), NOBODY)
    service.tick()
    walk.clock.now += 30 * DAY

    told = shown(walk)

    assert [one["doubt"] for one in told.json["openings"] if one["doubt"]] == [doubt]
    assert told.code != 0


class Early:
    """A service that shows its auditors what it showed them once, whatever the time is."""

    def __init__(self, honest: Transport) -> None:
        """Take the honest one."""
        self._honest = honest
        self._shown: Response | None = None

    def send(self, request: Request, *, limit: int) -> Response:
        """Return its answer, the openings as they were first."""
        response = self._honest.send(request, limit=limit)
        if request.path != paths.NOTICES:
            return response
        self._shown = self._shown or response
        return self._shown


@pytest.mark.parametrize(
    ("seconds", "is_early"), [(0, False), (requests.MAX_SKEW_SECONDS, False), (3_600, True), (29 * DAY, True)]
)
def test_attack_an_opening_is_shown_before_its_time(walk: Walk, seconds: int, *, is_early: bool) -> None:
    """The time that the asker signed tells the auditor: what nobody complained of is a doubt until its 30 days are over."""
    early, start = Early(walk.transport), walk.clock.now
    walk.clock.now = start + 30 * DAY
    assert command(walk, "openings", "--json", home=AUDITOR, transport=early).code == 0

    walk.clock.now = start + 30 * DAY - seconds
    told = command(walk, "openings", "--json", home=AUDITOR, transport=early)

    assert {one["doubt"] for one in told.json["openings"]} == (
        {"it was shown before its 30 days, and nobody complained of it"} if is_early else {""}
    )
    assert (told.code != 0) == is_early


def test_an_agency_is_no_auditor(walk: Walk) -> None:
    """Only the charter's auditors are shown others' openings; an agency's own notices are no openings."""
    with closing(walk.session(OWNER)) as session, pytest.raises(MalformedError):
        openings(session.stand())


def test_a_complaint_names_one_thing(walk: Walk) -> None:
    """Neither or both is refused, with the next step, before anything is sent."""
    number = str(matched_number(walk))
    for arguments in ((), ("--notice", number, "--question", "x")):
        done = command(walk, "complain", *arguments, home=OWNER)
        assert done.code != 0
        assert "give --notice or --question" in done.notes


def test_a_complaint_of_what_is_not_there(walk: Walk) -> None:
    """A number that says of nobody that they asked, and a question that is not known, are refused here."""
    with closing(walk.session(OWNER)) as session:
        standing = session.stand()
        with pytest.raises(ListError, match="no notice of that number"):
            complaining.of_notice(standing, 9_999)
        with pytest.raises(ListError, match="no answered question"):
            complaining.of_question(standing, bytes(32))


def test_what_is_written_for_a_machine(walk: Walk) -> None:
    """The entry's index, to be found again by the auditors."""
    done = command(walk, "complain", "--notice", str(matched_number(walk)), "--json", home=OWNER)

    assert json.loads(done.output)["index"] == shown(walk).json["openings"][0]["index"]
