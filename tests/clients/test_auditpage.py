"""The report as a page: it says what the audit found, shows every value as text, and can do nothing."""

import re
from collections.abc import Sequence
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clients import auditreport
from clients.auditing import Audit
from clients.auditpage import to_html
from clients.logproofs import Prefix
from crypto.digests import sha256
from crypto.encoding import b64
from ledger import fingerprints
from ledger.checkpoints import Checkpoint
from ledger.findings import Bridge, Finding, Report, Verdict
from ledger.kinds import Typ
from ledger.submissions import Depth

VOID = {"meta", "br"}
ALLOWED = {
    *("html", "head", "body", "meta", "title", "style", "h1", "h2", "h3", "p", "ul", "li", "div"),
    *("dl", "dt", "dd", "bdi", "table", "tr", "th", "td", "code", "br"),
}
FINDING = Finding(
    index=1_203, check="batch/root", expected="abc", found="def", next_step="Show it to the operator.", follows=7
)
CHECKPOINT = Checkpoint(origin="log.test/weapons", size=2_000, root=bytes(32))


class Page(HTMLParser):
    """What a browser makes of a page: its elements, properly nested, and its words."""

    def __init__(self, raw: bytes) -> None:
        """Read a page."""
        super().__init__(convert_charrefs=True)
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.words: list[str] = []
        self._open: list[str] = []
        self.feed(raw.decode())
        self.close()
        if self._open:
            raise AssertionError(f"never closed: {self._open}")

    def handle_starttag(self, tag: str, attrs: Sequence[tuple[str, str | None]]) -> None:
        """Note an element."""
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        """Close the element that is open."""
        if self._open.pop() != tag:
            raise AssertionError(f"{tag} closed out of order")

    def handle_data(self, data: str) -> None:
        """Note words that are shown."""
        if self._open and self._open[-1] not in ("style", "title"):
            self.words.append(data)

    @property
    def text(self) -> str:
        """Return the words that are shown, on one line."""
        return " ".join(" ".join(self.words).split())


def audited(findings: Sequence[Finding] = (), *, verdict: Verdict = Verdict.UNWITNESSED, **changes: object) -> Audit:
    """Return an audit of a log of 2,000 entries."""
    report = Report(
        size=2_000,
        depth=Depth.SIGNATURES,
        since=0,
        verdict=Verdict.FAILED if findings else verdict,
        counts={Typ.RECORD: 1_900, Typ.BATCH: 12},
        broken=len(findings),
        findings=tuple(findings),
        bridges=(),
    )
    done = Audit(
        fingerprint=bytes(range(32)),
        charters=2,
        checkpoint=CHECKPOINT,
        note=f"{CHECKPOINT.format()}\n— log.test/weapons AAAA\n".encode(),
        since=None,
        report=report,
        inclusion={},
    )
    return replace(done, **changes)  # type: ignore[arg-type]  # members by name


def test_an_honest_log_in_words() -> None:
    """Verdict, what was checked, counts, checkpoint and fingerprint in both spellings."""
    done = audited()
    page = Page(to_html(done))

    assert page.text.count("! UNWITNESSED · 2,000 entries · signatures") == 2
    assert "Only the operator says that everybody is shown this same log." in page.text
    assert all(sentence in page.text for sentence in auditreport.checked(done))
    assert "sealtrace-record+sd-jwt 1,900" in page.text
    assert "log.test/weapons 2000 AAAA" in page.text
    assert fingerprints.to_words(done.fingerprint) in page.text
    assert fingerprints.to_text(done.fingerprint) in page.text
    assert "Findings" not in page.text


def test_a_finding_has_its_check_its_values_and_the_next_step() -> None:
    """The index, the check, expected, found, what it may follow from, its proof, and what to do."""
    done = audited([FINDING], inclusion={1_203: (bytes(32), bytes(32))})
    page = Page(to_html(done))

    assert "entry 1,203 · batch/root" in page.text
    for words in (
        "expected abc",
        "found def",
        "may follow from entry 7,",
        "signed a path of 2 hashes from this entry",
        "next Show it to the operator.",
    ):
        assert words in page.text
    assert page.text.count("✗ FAILED") == 2
    assert "The first finding is the one to clear up" in page.text
    assert "What was checked in the first 2,000 entries, and holds but for the findings above" in page.text


def test_more_findings_than_are_shown_are_counted() -> None:
    """A page never looks complete when it is not."""
    done = audited([FINDING])
    page = Page(to_html(replace(done, report=replace(done.report, broken=4_711))))

    assert "4,711 in all; the first 1 are shown." in page.text


def test_bridges_missing_files_and_the_earlier_checkpoint_are_told() -> None:
    """Everything the JSON says has its place on the page."""
    done = audited(
        [FINDING],
        missing=("tile/entries/003",),
        since=Prefix(checkpoint=replace(CHECKPOINT, size=900), proof=()),
    )
    bridged = replace(done, report=replace(done.report, since=900, bridges=(Bridge(iss="xaa-arms", over=7, by=14),)))
    page = Page(to_html(bridged))

    assert "Missing files: 1 tile/entries/003" in page.text
    assert "xaa-arms signed its batch at entry 14 on top of the one at 7, which does not stand" in page.text
    assert "still begins with the 900 entries" in page.text
    assert "from entry 900 on; those before were audited earlier" in page.text
    assert "log.test/weapons 900" in page.text


@pytest.mark.parametrize("depth", list(Depth))
@pytest.mark.parametrize("verdict", list(Verdict))
def test_what_was_checked_grows_with_the_depth(depth: Depth, verdict: Verdict) -> None:
    """A page claims no check that its audit did not make."""
    done = audited(verdict=verdict)
    done = replace(done, report=replace(done.report, depth=depth))
    page = Page(to_html(done))

    assert ("own signature" in page.text) is (depth is Depth.SIGNATURES)
    assert ("form to the letter" in page.text) is (depth is not Depth.STRUCTURE)
    assert auditreport.verdict_in_words(done) in page.text


def test_the_page_is_one_file_that_can_do_nothing() -> None:
    """No script, no reference to anything outside; the one style sheet is allowed by its hash and nothing else is."""
    raw = to_html(audited([FINDING]))
    page = Page(raw)
    (style,) = re.findall(r"<style>(.*?)</style>", raw.decode(), re.DOTALL)
    policy = next(value for name, value in page.attributes if name == "content" and value and "default-src" in value)

    assert set(page.tags) <= ALLOWED
    assert {name for name, _ in page.attributes} <= {
        "lang",
        "charset",
        "name",
        "content",
        "http-equiv",
        "class",
        "scope",
    }
    assert "default-src 'none'" in policy
    assert f"'sha256-{b64(sha256(style.encode()))}'" in policy
    assert not re.search(r"url\(|@import|https?:", raw.decode())


def test_the_page_prints() -> None:
    """There are rules for paper: no finding is cut in two, no heading is left alone."""
    raw = to_html(audited()).decode()

    assert "@media print" in raw
    assert "break-inside: avoid" in raw


HOSTILE = st.text(max_size=60) | st.sampled_from(
    [
        "<script>alert(1)</script>",
        '"><img src=x onerror=alert(1)>',
        "</style><script>",
        "&lt;b&gt;",
        "\u202egnp.exe",
        "--><b>",
    ]
)


@given(expected=HOSTILE, found=HOSTILE, name=HOSTILE)
def test_a_hostile_value_is_shown_and_never_acts(expected: str, found: str, name: str) -> None:
    """Whatever a log puts into a value becomes words: no element, no attribute, no direction of its own."""
    finding = replace(FINDING, expected=expected, found=found)
    plain, page = Page(to_html(audited([FINDING], missing=("x",)))), Page(to_html(audited([finding], missing=(name,))))

    assert page.tags == plain.tags
    assert page.attributes == plain.attributes
    assert not any(character in page.text for character in "\u202e\u202d\u2066\0\x1b")
