"""From errors to pages: one table, no stack trace, and red only for what no accident explains."""

import importlib
import inspect
import pkgutil
from http import HTTPStatus

import pytest
from sqlalchemy.exc import OperationalError

import clients
import crypto
import ledger
from clients.desk.errors import shown
from clients.desk.gate import RefusedError
from clients.errors import ClientError, ListError, TrustError, UnreachableError
from crypto.errors import CryptoError
from ledger import decision
from ledger.checks import CheckFailedError
from ledger.errors import BusyError, LedgerError, NotFoundError, ProofError, StaleEpochError
from tests.support.desks import Desk


def _of_ours() -> list[type[Exception]]:
    found: set[type[Exception]] = set()
    for package in (clients, ledger, crypto):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if module.name.endswith((".errors", ".decision", ".officers", ".checks")):
                found |= {one for _, one in inspect.getmembers(importlib.import_module(module.name), inspect.isclass)}
    ours = (ClientError, LedgerError, CryptoError)
    return sorted((one for one in found if issubclass(one, ours)), key=lambda one: one.__name__)


@pytest.mark.parametrize("kind", _of_ours(), ids=lambda one: one.__name__)
def test_every_error_of_ours_has_a_page(kept_desk: Desk, kind: type[Exception]) -> None:
    """Whatever the SDK raises, a person reads what happened; nothing of ours is called a defect."""
    error = kind.__new__(kind)
    error.args = ("what happened",)
    error.next_step = "what to do"  # type: ignore[attr-defined]  # those that have one have it as an attribute
    error.retry_after_seconds = 3  # type: ignore[attr-defined]  # as above
    with kept_desk.app.test_request_context("/"):
        found = shown(error)

    assert found.what == "what happened"
    assert "defect" not in found.title
    assert HTTPStatus.BAD_REQUEST <= found.status < 600


@pytest.mark.parametrize(
    ("error", "status", "alarming"),
    [
        (NotFoundError("x"), 404, False),
        (decision.NotPermittedError(decision.Reason.CLEARANCE), 403, False),
        (ListError("x"), 422, False),
        (UnreachableError("x"), 503, False),
        (BusyError("x", retry_after_seconds=7), 503, False),
        (StaleEpochError("x"), 409, False),
        (TrustError("x"), 502, True),
        (ProofError("x"), 502, True),
        (OSError(28, "x"), 503, False),
        (OperationalError("SELECT secret", {}, Exception("secret")), 503, False),
        (KeyError("secret"), 500, False),
        (RefusedError(HTTPStatus.GONE, "gone", next_step="go"), 410, False),
    ],
)
def test_an_error_has_its_status(kept_desk: Desk, error: Exception, status: int, *, alarming: bool) -> None:
    """The status tells whose it is to act; a failed verification alone stops the page in red."""
    with kept_desk.app.test_request_context("/"):
        found = shown(error)

    assert (found.status, found.alarming) == (status, alarming)
    assert found.title
    assert "secret" not in f"{found.title}{found.what}{found.next_step}"


def test_a_failed_check_shows_both_values(kept_desk: Desk) -> None:
    """Which check, what was expected and what was found: the page says it as the command does."""
    error = ProofError("the log does not hold")
    error.__cause__ = CheckFailedError(check="note/signature", expected="two", found="one")
    with kept_desk.app.test_request_context("/"):
        found = shown(error)

    assert found.check == "note/signature: two / one"


def test_what_to_do_comes_from_the_one_place_that_knows(kept_desk: Desk) -> None:
    """An error's own advice is the page's."""
    with kept_desk.app.test_request_context("/"):
        assert shown(TrustError("x", next_step="tell the members")).next_step == "tell the members"
        assert "7 s" in shown(BusyError("x", retry_after_seconds=7)).next_step
