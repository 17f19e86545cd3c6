"""The files a browser gets: what others made is byte for byte theirs, and nothing is inline or from elsewhere."""

import re
import tomllib
from pathlib import Path

import pytest

import clients.desk
from crypto.digests import sha256
from tests.support.desks import Desk

FOLDER = Path(clients.desk.__file__).parent
STATIC = FOLDER / "static"
VENDORED = tomllib.loads((STATIC / "VENDORED.toml").read_text(encoding="utf-8"))["file"]
OURS = {"desk.css", "desk.js", "passkeys.js", "VENDORED.toml"}
TEMPLATES = sorted((FOLDER / "templates").glob("*.html"))


@pytest.mark.parametrize("file", VENDORED, ids=lambda one: str(one["name"]))
def test_a_file_of_others_is_byte_for_byte_theirs(file: dict[str, str]) -> None:
    """Its hash is the one that was written down with its version, and its licence lies beside it."""
    assert sha256((STATIC / file["name"]).read_bytes()).hex() == file["sha256"]
    assert (STATIC / file["licence_file"]).read_text(encoding="utf-8").strip()


def test_no_file_is_there_that_nobody_accounts_for() -> None:
    """Whatever a browser may load is ours, or listed with version, licence and hash."""
    listed = {name for file in VENDORED for name in (file["name"], file["licence_file"])}

    assert {path.name for path in STATIC.iterdir()} == OURS | listed


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_a_template_has_nothing_inline(path: Path) -> None:
    """No script, style, handler or address of another host: the policy would break such a page, so none is written."""
    text = path.read_text(encoding="utf-8")

    assert not re.search(r"<style|\sstyle=|\son[a-z]+=|javascript:|hx-on|\|\s*safe", text)
    assert not re.search(r"<script(?![^>]*\bsrc=)", text)
    assert not re.search(r"(src|href|action)=[\"'](https?:)?//", text)


@pytest.mark.parametrize("name", sorted(OURS - {"VENDORED.toml"}))
def test_our_files_load_nothing_from_elsewhere(name: str) -> None:
    """Neither address nor import: the page is whole without any network."""
    text = (STATIC / name).read_text(encoding="utf-8")

    assert not re.search(r"https?:|@import|url\(|eval\(|innerHTML|localStorage|document\.write", text)


def test_the_style_mirrors_itself() -> None:
    """Sides are named by the direction of writing, so that Arabic needs no second style sheet."""
    text = re.sub(r"/\*.*?\*/", "", (STATIC / "desk.css").read_text(encoding="utf-8"), flags=re.DOTALL)

    assert not re.search(
        r"(margin|padding|border|inset)-(left|right)|text-align:\s*(left|right)|float:|[{;\s](left|right):", text
    )


def test_htmx_is_told_to_need_no_exception(kept_desk: Desk) -> None:
    """It writes no style, evaluates nothing, speaks to us alone, and keeps no page in the browser's storage."""
    text = kept_desk.browser("Ana").text("/")

    for said in (
        '"includeIndicatorStyles":false',
        '"allowEval":false',
        '"selfRequestsOnly":true',
        '"historyCacheSize":0',
    ):
        assert said in text


def _luminance(colour: str) -> float:
    text = colour.lstrip("#")
    text = "".join(2 * digit for digit in text) if len(text) == 3 else text
    parts = [int(text[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _contrast(one: str, other: str) -> float:
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _themes() -> list[dict[str, str]]:
    text = (STATIC / "desk.css").read_text(encoding="utf-8")
    blocks = re.findall(r"\{ (--ink: #[0-9a-f]+; --quiet[^}]*--secret[^}]*)\}", text)
    return [dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{3,6})", block)) for block in blocks]


@pytest.mark.parametrize("theme", _themes(), ids=["light", "dark", "dark by preference"])
def test_every_theme_can_be_read(theme: dict[str, str]) -> None:
    """Text has a contrast of 4.5 on every ground it stands on, edges and focus 3; white on every level's colour."""
    for name in ("ink", "quiet", "link", "good", "stale", "bad"):
        for ground in ("ground", "tint"):
            assert _contrast(theme[name], theme[ground]) >= 4.5, (name, ground)
    for name in ("edge", "focus", "bar"):
        assert _contrast(theme[name], theme["ground"]) >= 3, name
    for level in ("none", "unclassified", "restricted", "confidential", "secret"):
        assert _contrast("#ffffff", theme[level]) >= 4.5, level
    assert _contrast(theme["on-button"], theme["link"]) >= 4.5


def test_a_choice_of_dark_and_a_preference_for_it_look_alike() -> None:
    """The two blocks say the same: one that is changed alone fails here."""
    _, chosen, preferred = _themes()

    assert chosen == preferred


def test_what_a_browser_loads_is_small(kept_desk: Desk) -> None:
    """A page with all its files is far below 250 kB."""
    files = sum(path.stat().st_size for path in STATIC.iterdir() if path.suffix in {".css", ".js"})

    assert files + len(kept_desk.browser("Ana").text("/")) < 150_000
