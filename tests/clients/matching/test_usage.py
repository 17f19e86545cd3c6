"""What the service counted, as the charter's auditors read it by command."""

import sqlite3
from contextlib import closing

from clients.matching.evaluating import tokens_of
from clients.matching.keys import current_key
from ledger.forms import Form, TokenClass
from tests.support.commands import command
from tests.support.loopback import Walk

OWNER, ASKER, AUDITOR = "xbe-cib", "xar-arms", "xau-dit"
DAY = 86_400


def test_an_auditor_reads_what_was_evaluated_beside_what_was_logged(walk: Walk) -> None:
    """By agency and day, with the words of what it is; machines get every counter by its name."""
    told = command(walk, "usage", home=AUDITOR)
    counters = {
        (one["agency"], one["kind"]): one["used"] for one in command(walk, "usage", "--json", home=AUDITOR).json["uses"]
    }
    lines = [" ".join(line.split()) for line in told.output.splitlines()]

    assert (counters[OWNER, "submissions"], counters[OWNER, "submissions/evaluated"]) == (1, 1)
    assert (counters[ASKER, "lookups"], counters[ASKER, "lookups/evaluated"]) == (1, 1)
    assert "logged 1 evaluated for 1" in lines
    assert "weapons asked 1 evaluated for 1" in lines
    assert max(map(len, told.output.splitlines())) <= 80


def test_an_auditor_sees_evaluations_of_records_that_were_never_logged(walk: Walk) -> None:
    """Whoever has serials evaluated as if for records that it never logs is told by the difference."""
    session = walk.session(ASKER)
    key = current_key(session.stand())
    assert key is not None
    junk = [[Form(token_class=TokenClass.T0, group="TAS", form=f"{number:08}")] for number in range(40)]
    tokens_of(session, junk, key, use="submission")

    told = " ".join(command(walk, "usage", home=AUDITOR).output.split())
    assert f"{ASKER} logged 0 evaluated for 40, 40 more than that weapons asked 1" in told


def test_an_auditor_reads_how_many_silent_hits_were_overdue(walk: Walk) -> None:
    """By month and agency, as the service tells them when the month is over."""
    with closing(sqlite3.connect(walk.config.database)) as connection, connection:
        for number in range(5):
            connection.execute(
                "INSERT INTO reviews (id, agency, due, hits) VALUES (?, ?, ?, 1)",
                (bytes([number]) * 16, OWNER, walk.clock()),
            )
    walk.clock.now += 40 * DAY
    told = command(walk, "usage", "--json", home=AUDITOR).json["overdue"]

    assert [(one["agency"], one["n"]) for one in told] == [(OWNER, 5)]
    assert f"{OWNER}  5 silent hits not reviewed within 72 hours" in command(walk, "usage", home=AUDITOR).output


def test_an_agency_reads_nobodys_usage(walk: Walk) -> None:
    """Counters are for the charter's auditors alone."""
    done = command(walk, "usage", home=OWNER)

    assert done.code == 5
    assert "uses" not in done.output
