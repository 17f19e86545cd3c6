"""What holds for every test: how hypothesis searches, what runs first, and that nobody waits for the collector."""

import gc
import os
import shutil
from collections.abc import Sequence

import pytest
from flask import Flask
from hypothesis import settings
from xdist.scheduler import LoadFileScheduling

from tests.support.addresses import keep_compiled
from tests.support.scratch import folder_in_memory
from tests.support.templates import Compiled

# No deadline: a busy machine is no defect, and nothing in this suite is judged by time. Where a commit is judged the
# search is the same every time, so that the verdict is about the commit; everywhere else it goes on searching. `long`
# is the search of `make properties`.
settings.register_profile("search", deadline=None, max_examples=50)
settings.register_profile("verdict", deadline=None, max_examples=50, derandomize=True)
settings.register_profile("long", deadline=None, max_examples=1_000)
settings.load_profile("verdict" if os.environ.get("CI") else "search")

# Flask's own place for what every app gives its templates.
Flask.jinja_options = {"bytecode_cache": Compiled()}
keep_compiled()

# What takes minutes goes first, everything else in random order: what begins last would keep one core busy while all
# others have nothing left to do.
LONGEST = (
    "tests/e2e/test_story.py",
    "tests/packaging/",
    "tests/e2e/test_nothing_leaks.py",
    "tests/browser/",
    "tests/attacks/test_bent_answers.py",
    "tests/e2e/test_charter_commands.py",
)
# Files whose tests share what takes a minute to make stay on one worker, where it is made once.
TOGETHER = ("tests/packaging/", "tests/browser/")


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Let the whole suite, which runs on several workers, write to memory; whoever tries one test finds its files."""
    if config.getoption("dist", "no") == "no" or hasattr(config, "workerinput") or config.option.basetemp:
        return
    folder = folder_in_memory()
    if folder is not None:
        config.option.basetemp = folder
        config.add_cleanup(lambda: shutil.rmtree(folder, ignore_errors=True))


class Scheduling(LoadFileScheduling):
    """One file, or one folder of TOGETHER, is the work of one worker."""

    def _split_scope(self, nodeid: str) -> str:
        return next((folder for folder in TOGETHER if nodeid.startswith(folder)), super()._split_scope(nodeid))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> LoadFileScheduling | None:
    """Hand out files in the order of the collection, where files are handed out at all."""
    if config.option.dist != "loadfile":
        return None
    # By itself it would begin with the files of the most tests, and end with the one test that takes minutes.
    config.option.loadscopereorder = False
    return Scheduling(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put what takes longest first."""
    items.sort(key=lambda item: _turn(item.nodeid, LONGEST))


def pytest_collection_finish() -> None:
    """Leave what was imported and collected out of every later search for garbage: it stays until the end."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 20)


def _turn(nodeid: str, order: Sequence[str]) -> int:
    return next((turn for turn, start in enumerate(order) if nodeid.startswith(start)), len(order))
