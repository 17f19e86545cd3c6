"""Debian's Chromium, driven as a person drives it: by what stands on a page, and by keys.

Whatever a page asks of another host, and whatever the browser complains about, is kept for the test to look at.
"""

import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, Response, sync_playwright

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


@contextmanager
def browser() -> Iterator[Browser]:
    """Start Chromium once; every person gets a profile of their own in it."""
    where = program()
    # The sandbox wants a user who is not root; what is opened here are our own pages.
    words = ["--headless=new", *(["--no-sandbox"] if os.geteuid() == 0 else [])]
    with sync_playwright() as playwright:
        made = playwright.chromium.launch(executable_path=where, args=words)
        try:
            yield made
        finally:
            made.close()


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

    def open(self, path: str) -> Response | None:
        """Open a page of the desk by its address."""
        return self.page.goto(self.origin + path)

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
        button = self.page.get_by_role("button", name=name, exact=exact).first
        button.focus()
        with self.page.expect_navigation():
            self.page.keyboard.press("Enter")

    def follow(self, name: str, *, exact: bool = True) -> None:
        """Follow a link by the keyboard alone."""
        link = self.page.get_by_role("link", name=name, exact=exact).first
        link.focus()
        with self.page.expect_navigation():
            self.page.keyboard.press("Enter")

    def say(self, *keys: str) -> None:
        """Press the keys of a shortcut that leads to another page."""
        self.page.locator("main").focus()
        with self.page.expect_navigation():
            for key in keys:
                self.page.keyboard.press(key)

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
