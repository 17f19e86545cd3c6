"""Debian's Chromium, driven as a person drives it: by what stands on a page, and by keys.

Whatever a page asks of another host, and whatever the browser complains about, is kept for the test to look at.
"""

import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

import axe_playwright_python
import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Locator,
    Page,
    Request,
    Response,
    sync_playwright,
)

PATIENCE_MILLISECONDS = 60_000
_NAMES = ("chromium", "chromium-browser")
_PASSKEY = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


def program() -> str:
    """Return where Chromium is; skip the test where there is none, and say so."""
    found = next(filter(None, map(shutil.which, _NAMES)), None)
    if found is None:
        pytest.skip("there is no Chromium on this machine: `apt-get install chromium` makes these tests run")
    return found


_CONFIRM = "/confirm"
# Whatever somebody can use on a page; of radio buttons with one name the Tab key stops at one.
_MARK_STOPS = """() => {
  const all = [...document.querySelectorAll("a[href], button, input:not([type=hidden]), select, textarea, summary")];
  const stops = all.filter((one) => one.checkVisibility() && !one.disabled && !(one.type === "radio" && !one.checked));
  return stops.map((one, index) => one.dataset.stop = `${index} ${one.outerHTML.slice(0, 80)}`);
}"""
_STOP = """() => {
  const one = document.activeElement, ring = getComputedStyle(one);
  return ring.outlineStyle !== "none" && parseFloat(ring.outlineWidth) >= 2 ? one.dataset.stop ?? "" : "";
}"""
# A scheme changes colours and nothing else.
_SCHEMES: dict[Literal["light", "dark"], dict[str, Any]] = {
    "light": {"resultTypes": ["violations"]},
    "dark": {"resultTypes": ["violations"], "runOnly": {"type": "tag", "values": ["cat.color"]}},
}


@contextmanager
def browser() -> Iterator[Browser]:
    """Start Chromium once; every person gets a profile of their own in it."""
    where = program()
    # The sandbox wants a user who is not root; what is opened here are our own pages.
    words = ["--headless=new", *(["--no-sandbox"] if os.geteuid() == 0 else [])]
    # Its driver leaves a running event loop in the thread that started it: no longer than somebody drives.
    with sync_playwright() as playwright:
        made = playwright.chromium.launch(executable_path=where, args=words)
        try:
            yield made
        finally:
            made.close()


class Onlooker:
    """Axe over pages: what on them keeps somebody out."""

    def __init__(self) -> None:
        """Read the script once."""
        self._script = Path(axe_playwright_python.__file__).with_name("axe.min.js").read_text(encoding="utf-8")

    def look(self, page: Page) -> dict[str, list[str]]:
        """Return what is broken, by scheme and rule: in light by every rule, in dark by those that ask about colours."""
        page.evaluate(self._script)
        found: dict[str, list[str]] = {}
        for scheme, options in _SCHEMES.items():
            # Without motion: colours that are still on their way are no page's colours.
            page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            broken = page.evaluate("options => axe.run(options)", options)["violations"]
            found |= {f"{scheme} {one['id']}": [node["html"] for node in one["nodes"]] for one in broken}
        return found


@dataclass
class Seen:
    """What went over the wire and into the browser's console, of every tab of a test."""

    elsewhere: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    weights: dict[str, int] = field(default_factory=dict)

    def watch(self, page: Page, origin: str) -> None:
        """Keep what a tab does from now on."""
        home = urlsplit(origin).netloc

        def asked(request: Request) -> None:
            parts = urlsplit(request.url)
            if parts.scheme not in {"data", "about"} and parts.netloc != home:
                self.elsewhere.append(f"{parts.scheme}://{parts.netloc}")

        def said(message: ConsoleMessage) -> None:
            # A page that says why something is refused is no defect; a script or a style that is refused is one.
            if message.type in {"error", "warning"} and "Failed to load resource" not in message.text:
                self.complaints.append(f"{urlsplit(page.url).path}: {message.text}")

        page.on("request", asked)
        page.on("console", said)
        page.on("pageerror", lambda error: self.complaints.append(f"{urlsplit(page.url).path}: {error}"))


@dataclass
class Person:
    """Somebody at a browser of their own, with an authenticator that knows them."""

    name: str
    origin: str
    context: BrowserContext
    page: Page
    seen: Seen
    presses: int = 0

    def open(self, path: str) -> Response | None:
        """Open a page of the desk by its address; prove who one is where it asks."""
        answer = self.page.goto(self.origin + path)
        if not path.startswith(_CONFIRM) and self.confirm():
            answer = self.page.goto(self.origin + path)
        return answer

    def confirm(self) -> bool:
        """Prove who one is if the desk asks for it just now."""
        if self.path != _CONFIRM:
            return False
        # Whatever language it is said in.
        self._enter(self.page.locator("form[data-passkey] button"))
        return True

    @property
    def title(self) -> str:
        """Return the heading of the page."""
        return self.page.locator("h1").inner_text()

    @property
    def path(self) -> str:
        """Return where the page is."""
        return urlsplit(self.page.url).path

    def press(self, name: str, *, exact: bool = True) -> None:
        """Press a button by the keyboard alone: it must be reachable and visibly in focus."""
        self._enter(self.page.get_by_role("button", name=name, exact=exact).first)

    def follow(self, name: str, *, exact: bool = True) -> None:
        """Follow a link by the keyboard alone."""
        self._enter(self.page.get_by_role("link", name=name, exact=exact).first)

    def enter_first(self, chosen: str) -> None:
        """Press Enter on the first link or button of a kind, whatever it is called in the language of the page."""
        self._enter(self.page.locator(chosen).first)

    def unfold(self, name: str) -> None:
        """Open what is folded in under a title, by the keyboard alone."""
        self.page.locator("summary", has_text=name).press("Enter")

    def _enter(self, chosen: Locator) -> None:
        self.presses += 1
        chosen.focus()
        with self.page.expect_navigation():
            self.page.keyboard.press("Enter")

    def say(self, *keys: str) -> None:
        """Press the keys of a shortcut that leads to another page."""
        self.page.locator("main").focus()
        with self.page.expect_navigation():
            for key in keys:
                self.page.keyboard.press(key)

    def tab_through(self) -> list[str]:
        """Return what of the page the Tab key does not reach, or reaches without a ring around it that is seen."""
        missed = set(map(str, self.page.evaluate(_MARK_STOPS)))
        self.page.locator("body").press("Tab")
        for _ in range(3 * len(missed)):
            missed.discard(self.page.evaluate(_STOP))
            if not missed:
                break
            self.page.keyboard.press("Tab")
        return sorted(missed)

    def cookies(self) -> list[Mapping[str, Any]]:
        """Return the cookies that the browser holds."""
        return list(self.context.cookies())

    def weigh(self) -> int:
        """Return how many bytes the page and all that it loads are, as they lie on the wire before compression."""
        return int(
            self.page.evaluate(
                "performance.getEntriesByType('navigation').concat(performance.getEntriesByType('resource'))"
                ".reduce((sum, one) => sum + one.decodedBodySize, 0)"
            )
        )


def sit_down(made: Browser, name: str, origin: str, seen: Seen, **options: Any) -> Person:
    """Open a browser of somebody's own, with a passkey authenticator that asks nothing of anybody."""
    context = made.new_context(**options)
    context.set_default_timeout(PATIENCE_MILLISECONDS)
    page = context.new_page()
    devtools = context.new_cdp_session(page)
    devtools.send("WebAuthn.enable")
    devtools.send("WebAuthn.addVirtualAuthenticator", {"options": _PASSKEY})
    seen.watch(page, origin)
    return Person(name=name, origin=origin, context=context, page=page, seen=seen)


def keep_picture(person: Person, folder: Path | None, name: str, *, whole: bool = False) -> None:
    """Write what the person sees into the folder of screenshots, if one was asked for."""
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
        person.page.screenshot(path=folder / f"{name}.png", full_page=whole)
