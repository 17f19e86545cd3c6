"""What the library can say is read off its source, so that no sentence reaches a page without a translation."""

import ast
from pathlib import Path
from textwrap import dedent

import pytest

from clients.desk import sdktexts
from clients.desk.catalogues import messages
from clients.desk.sdksource import ANSWERING, Module, reachable
from clients.desk.sdktexts import ELSEWHERE, SAYING, Reader
from clients.desk.sentences import JOINTS

# What hands on words that were found where they were made: an error's, a problem's, a reason's own.
HANDED_ON = {
    "clients.errors: message",
    "clients.intake.advancing: getattr(error, 'next_step', '')",
    "clients.intake.reading: source",
    "clients.lists.cells: cause",
    "clients.lists.rows: error.cause",
    "clients.lists.rows: error.fix",
    "clients.matching.asking: what",
    "ledger.decision: answer.reason",
    "ledger.decision: reason.value",
    "ledger.errors: message",
}
# What the desk says in words of its own catalogue, and an error's own advice beside them.
OWN = {"clients.desk.pages.ask: _most()", "clients.desk.pages.asklists: hint"}


@pytest.fixture(scope="module")
def modules() -> dict[str, Module]:
    """Give the modules that the desk stands on."""
    return reachable()


def said(source: str, **others: str) -> set[str]:
    """Return what a module says, with others that it imports."""
    texts = {"ledger.one": source, **{f"ledger.{name}": text for name, text in others.items()}}
    return Reader({name: Module(name, ast.parse(dedent(text))) for name, text in texts.items()}).everything()


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ('raise LedgerError("it is empty")', {"it is empty"}),
        ('raise ClientError("it is empty", next_step="fill it")', {"it is empty", "fill it"}),
        ('raise TooLargeError(f"more than {most:,} bytes")', {"more than %(most)s bytes"}),
        ('raise TooLargeError(f"{one.size:,} and {two.size:,} entries")', {"%(size)s and %(size_2)s entries"}),
        ('raise MalformedError(f"{len(rows)} {_LIMIT} {name!r} rows")', {"%(rows)s %(limit)s %(name)s rows"}),
        ('raise LedgerError("it is " "in two pieces")', {"it is in two pieces"}),
        ('raise LedgerError("one thing" if flag else "or another")', {"one thing", "or another"}),
        ("raise LedgerError(f\"it {'holds' if flag else 'lacks'} one\")", {"it holds one", "it lacks one"}),
        ('raise LedgerError("so " + "much")', {"so much"}),
        ('error.add_note("send it again")', {"send it again"}),
        ('Problem(line=1, column="", cause="it is empty", fix="fill it")', {"it is empty", "fill it"}),
        ('raise LedgerError(_("of the catalogue"))', set()),
        ('raise ValueError("of no error of ours")', set()),
        ('raise LedgerError("%(name)s".format())', set()),
        ('log.info("not for people")', set()),
        ('raise LedgerError("")', set()),
    ],
)
def test_what_is_handed_over_is_found(source: str, expected: set[str]) -> None:
    """An error's text and next step, a note on it, a problem of a list: with a place for each value, and no text of others."""
    assert said(source) == expected


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ('_UNTRUE = "believe nothing of it"\nraise LedgerError(_UNTRUE)', {"believe nothing of it"}),
        (
            'REASONS = {"x": ("it {at!r} is hidden", "show it")}\nwhat, fix = REASONS[x]\nraise ListError(what.format(at=1), next_step=fix)',
            {"it %(at)s is hidden", "show it"},
        ),
        (
            'def _refused(what):\n    return LedgerError(f"not so: {what}")\nraise _refused("it is empty")',
            {"not so: %(what)s", "it is empty"},
        ),
        (
            'def why():\n    return "one thing" if one else other()\ndef other():\n    return "or another"\nraise LedgerError(why())',
            {"one thing", "or another"},
        ),
        (
            'def ask():\n    why = f"in {home}"\n    if far:\n        why += f", and beyond {far}"\n    raise LedgerError(why)',
            {"in %(home)s", "%(why)s, and beyond %(far)s"},
        ),
        (
            'def check(found):\n    all = [f"a label is {one}" for one in found]\n    all.append("it is below")\n    raise LedgerError("; ".join(all))',
            {"a label is %(one)s", "it is below"},
        ),
        ("def loop(x):\n    return loop(x)\nraise LedgerError(loop(1))", set()),
        (
            'class WaitError(LedgerError):\n    def __init__(self):\n        super().__init__("too many", next_step="wait")',
            {"too many", "wait"},
        ),
        (
            'class Box:\n    def _no(self, what):\n        raise LedgerError(what)\n    def open(self):\n        self._no("it is closed")',
            {"it is closed"},
        ),
    ],
)
def test_words_are_followed_to_where_they_stand(source: str, expected: set[str]) -> None:
    """Through names, tables, parameters, what functions return and what is added to a text; never in circles."""
    assert said(source) == expected


def test_words_are_followed_through_imports() -> None:
    """A constant, a function and what is given to a function may stand in other modules."""
    other = 'TEXT = "a text"\ndef words():\n    return "some words"\ndef refuse(what):\n    raise LedgerError(what)'
    source = """
        from ledger import other
        from ledger.other import TEXT, words
        raise LedgerError(TEXT)
        raise LedgerError(words())
        other.refuse("said from here")
        """

    assert said(source, other=other) == {"a text", "some words", "said from here"}


def test_every_error_of_ours_is_read(modules: dict[str, Module]) -> None:
    """Of each thing that is handed over its words are found, but where words are handed on that were found before."""
    reader = Reader(modules)
    reader.everything()

    assert reader.lost == HANDED_ON | OWN


def test_the_desk_stands_on_what_it_imports(modules: dict[str, Module], tmp_path: Path) -> None:
    """Modules are found by following imports from the desk's own, within our packages alone."""
    (tmp_path / "clients" / "desk").mkdir(parents=True)
    (tmp_path / "ledger").mkdir()
    (tmp_path / "clients" / "desk" / "page.py").write_text("import json\nfrom ledger import words\nimport server.app\n")
    (tmp_path / "ledger" / "words.py").write_text("import ledger.log\n")
    (tmp_path / "ledger" / "log.py").write_text("")
    (tmp_path / "ledger" / "other.py").write_text("")

    assert set(reachable(tmp_path)) == {"clients.desk.page", "ledger.words", "ledger.log"}
    assert {"clients.desk.app", "clients.errors", "ledger.officers", "crypto.errors"} < set(modules)
    assert {name.partition(".")[0] for name in set(modules) - set(ANSWERING)} == {"clients", "ledger", "crypto"}


def test_what_is_named_is_there(modules: dict[str, Module]) -> None:
    """No rule of what is read, or left out, names a thing that has gone."""
    assert set(modules) >= ELSEWHERE | set(ANSWERING)
    assert {name: names - set(modules[name].functions) for name, names in SAYING.items()} == dict.fromkeys(
        SAYING, frozenset()
    )


def test_the_catalogue_has_how_sentences_are_put_together(modules: dict[str, Module]) -> None:
    """The marks between sentences are for translators, too; and what stands in a catalogue is known to be said."""
    texts = {message.id for message in messages(sdktexts.extracted(modules))}

    assert texts > set(JOINTS)
    assert {
        "a label is %(one)s",
        "two officers must agree: %(reasons)s",
        "the cell %(at)s is in a hidden row",
        "try again in %(retry_after_seconds)s s",
        "it is released below its label in %(looser)s",
    } < texts
