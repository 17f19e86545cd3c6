"""An audit as one HTML page: no script, nothing fetched, fit to be printed and filed (docs/adr/0033).

Text becomes markup in one place, `_text`, and the type tells the two apart. The page allows itself its own style sheet
by its hash and nothing else, so even a value that slipped through could not act.
"""

from collections.abc import Iterable, Iterator
from html import escape
from typing import NewType

from clients import auditreport
from clients.auditing import Audit
from clients.plaintext import visible
from crypto.digests import sha256
from crypto.encoding import b64
from ledger import fingerprints
from ledger.counting import counted
from ledger.findings import Finding, Verdict

Html = NewType("Html", str)

_STYLE = """
:root { color-scheme: light; --line: #b7bcc2; --quiet: #4d565f; --good: #1d5c3a; --unsure: #7a4b00; --bad: #9b1c1c }
* { box-sizing: border-box }
body { font: 16px/1.45 system-ui, "Noto Sans", "Noto Sans Arabic", sans-serif; color: #14181c; background: #fff;
  max-width: 52rem; margin: 0 auto; padding: 24px 16px }
.verdict { border: 2px solid; padding: 8px 16px; font-weight: 600; overflow-wrap: anywhere }
.VERIFIED { color: var(--good) } .UNWITNESSED, .STALE { color: var(--unsure) } .FAILED { color: var(--bad) }
h1 { font-size: 1.5rem; margin: 24px 0 8px; overflow-wrap: anywhere } h2 { font-size: 1.125rem; margin: 32px 0 8px }
p { margin: 8px 0 } ul { margin: 8px 0; padding-left: 24px } li { margin: 4px 0 }
code, pre { font: 0.875rem/1.45 ui-monospace, "Noto Sans Mono", monospace; overflow-wrap: anywhere; white-space: pre-wrap }
table { border-collapse: collapse } th, td { text-align: left; vertical-align: top; padding: 4px 16px 4px 0;
  border-bottom: 1px solid var(--line) } td.number { text-align: right; font-variant-numeric: tabular-nums }
.finding { border: 1px solid var(--line); border-left: 4px solid var(--bad); padding: 8px 16px; margin: 16px 0 }
.finding h3 { font-size: 1rem; margin: 0 0 8px } dl { margin: 0; display: grid; grid-template-columns: 7rem 1fr }
dt { color: var(--quiet) } dd { margin: 0; overflow-wrap: anywhere } .quiet { color: var(--quiet) }
@media print { body { padding: 0; max-width: none; font-size: 11pt } .finding, tr, .verdict { break-inside: avoid }
  h2 { break-after: avoid } @page { margin: 18mm 16mm } }
"""
_POLICY = f"default-src 'none'; style-src 'sha256-{b64(sha256(_STYLE.encode()))}'; base-uri 'none'; form-action 'none'"
_SIGNS = {"VERIFIED": "✓", "UNWITNESSED": "!", auditreport.STALE: "!", "FAILED": "✗"}


def to_html(audit: Audit) -> bytes:
    """Return the page."""
    head = (
        _tag("meta", charset="utf-8"),
        _tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        _tag("meta", http_equiv="Content-Security-Policy", content=_POLICY),
        _element("title", _text(f"{auditreport.verdict_of(audit)} · audit of {audit.checkpoint.origin}")),
        _element("style", Html(_STYLE)),
    )
    body = (_banner(audit), *_sections(audit), _banner(audit))
    page = _element("html", _element("head", *head), _element("body", *body), lang="en")
    return f"<!doctype html>\n{page}\n".encode()


def _sections(audit: Audit) -> Iterator[Html]:
    report = audit.report
    yield _element("h1", _text(f"Audit of {audit.checkpoint.origin}"))
    yield _element("p", _text(auditreport.verdict_in_words(audit)))
    yield from _section("Findings", [_finding(finding, audit) for finding in report.findings])
    if report.broken > len(report.findings):
        more = f"{report.broken:,} in all; the first {len(report.findings):,} are shown."
        yield _element("p", _text(more))
    yield from _section("Chains followed over a bad batch", [_list(auditreport.bridges(audit))])
    yield from _section(f"Missing files: {len(audit.missing):,}", [_list(audit.missing)])
    yield from _section(_checked_title(audit), [_list(auditreport.checked(audit))])
    yield from _section("What the log holds", [_counts(audit)])
    yield from _section("What this is about", [_identity(audit)])
    yield _element("p", _text(_SAME), **{"class": "quiet"})


_SAME = (
    "This page holds no date: audited again up to the same checkpoint, with the same options, the log gives the same"
    " page to the byte. It shows public values only; an audit opens no record."
)


def _checked_title(audit: Audit) -> str:
    """Return a title under which the sentences claim no more than was found to hold."""
    report = audit.report
    if report.verdict is not Verdict.FAILED:
        return "What was checked, and holds"
    return f"What was checked in the first {counted(report.size, 'entry', 'entries')}, and holds but for the findings above"


def _banner(audit: Audit) -> Html:
    verdict = auditreport.verdict_of(audit)
    text = f"{_SIGNS[verdict]} {verdict} · {counted(audit.report.size, 'entry', 'entries')} · {audit.report.depth.name.lower()}"
    return _element("p", _text(text), **{"class": f"verdict {verdict}"})


def _finding(finding: Finding, audit: Audit) -> Html:
    rows = [("expected", finding.expected), ("found", finding.found)]
    if finding.follows is not None:
        rows.append(("may follow", f"from entry {finding.follows:,}, which could not be read or does not stand"))
    if finding.index in audit.inclusion:
        rows.append(
            (
                "signed",
                f"a path of {counted(len(audit.inclusion[finding.index]), 'hash', 'hashes')} from this entry to the root below",
            )
        )
    rows.append(("next", finding.next_step))
    title = _element("h3", _text(f"entry {finding.index:,} · {finding.check}"))
    return _element("div", title, _element("dl", *_pairs(rows)), **{"class": "finding"})


def _counts(audit: Audit) -> Html:
    rows = sorted(audit.report.counts.items(), key=lambda one: one[0].value)
    cells = (
        _element("tr", _element("td", _text(typ.value)), _element("td", _text(f"{count:,}"), **{"class": "number"}))
        for typ, count in rows
    )
    return _element("table", *cells)


def _identity(audit: Audit) -> Html:
    text = audit.note.decode().partition("\n\n")[0]
    rows = [
        ("charter 1", fingerprints.to_words(audit.fingerprint)),
        ("", fingerprints.to_text(audit.fingerprint)),
        ("charters", f"{audit.charters:,}"),
        ("checkpoint", text),
    ]
    if audit.since is not None:
        rows.append(("since", audit.since.checkpoint.format().rstrip("\n")))
    cells = (
        _element("tr", _element("th", _text(name), scope="row"), _element("td", _element("code", _lines(value))))
        for name, value in rows
    )
    return _element("table", *cells)


def _section(title: str, content: Iterable[Html]) -> Iterator[Html]:
    """Yield a headed section, or nothing where there is nothing to say."""
    shown = [part for part in content if part]
    if shown:
        yield _element("h2", _text(title))
        yield from shown


def _list(sentences: Iterable[str]) -> Html:
    items = [_element("li", _text(sentence)) for sentence in sentences]
    return _element("ul", *items) if items else Html("")


def _pairs(rows: Iterable[tuple[str, str]]) -> Iterator[Html]:
    for name, value in rows:
        yield _element("dt", _text(name))
        yield _element("dd", _element("bdi", _text(value)))


def _lines(text: str) -> Html:
    return Html("<br>".join(_text(line) for line in text.split("\n")))


def _text(value: str) -> Html:
    """Return text as markup that shows it: the one way in."""
    return Html(escape(visible(value)))


def _element(tag: str, /, *children: Html, **attributes: str) -> Html:
    return Html(f"{_tag(tag, **attributes)}{''.join(children)}</{tag}>\n")


def _tag(tag: str, /, **attributes: str) -> Html:
    pairs = "".join(f' {key.replace("_", "-")}="{escape(value)}"' for key, value in attributes.items())
    return Html(f"<{tag}{pairs}>")
