"""The table of calls: complete, without contradiction, and what the paths module builds fits it."""

import re

import pytest

from ledger.identifiers import StatementName
from ledger.wire import limits, paths
from ledger.wire.calls import CALLS, Access, Call


def test_names_are_unique() -> None:
    """A name is a call."""
    assert len({call.name for call in CALLS}) == len(CALLS)


def test_a_path_and_method_are_one_call() -> None:
    """No two calls contend for a request."""
    assert len({(call.method, call.path) for call in CALLS}) == len(CALLS)


def test_every_path_constant_is_called() -> None:
    """A path that no call serves would be a promise nobody keeps."""
    constants = {value for name, value in vars(paths).items() if name.isupper() and str(value).startswith("/")}

    assert {call.path for call in CALLS} == constants


@pytest.mark.parametrize(
    ("built", "template"),
    [
        (paths.statement(StatementName("xar-arms", bytes(16))), "/v1/statements/xar-arms/AAAAAAAAAAAAAAAAAAAAAA"),
        (paths.entry(5), "/v1/entries/5"),
        (paths.agency_head("xar-arms"), "/v1/agencies/xar-arms/head"),
        (paths.charter(2), "/v1/charters/2"),
    ],
)
def test_paths_are_built_as_the_protocol_prints_them(built: str, template: str) -> None:
    """One function for each template with names in it."""
    assert built == template


def test_what_changes_something_is_a_post() -> None:
    """A GET changes nothing, and carries nothing."""
    for call in CALLS:
        assert (call.method == "POST") == (call.body is not None)


def test_who_has_not_signed_can_change_only_what_roots_sign() -> None:
    """Charters and key entries carry their own signatures; everything else with a body needs the request's."""
    unsigned = {call.path for call in CALLS if call.body is not None and call.access is not Access.SIGNED}

    assert unsigned == {paths.CHARTERS, paths.KEYS}


@pytest.mark.parametrize("call", CALLS, ids=lambda call: call.name)
def test_every_body_has_a_limit(call: Call) -> None:
    """Nothing is read without one."""
    assert 0 < call.answer.most_bytes <= limits.MAX_BATCH_BYTES
    assert call.body is None or 0 < call.body.most_bytes <= limits.MAX_BATCH_BYTES


def test_no_path_holds_a_serial() -> None:
    """Serials never appear in a URL: there is no place for one."""
    names = {name for call in CALLS for name in re.findall(r"\{([a-z]+)\}", call.path)}

    assert names == {"path", "ver", "iss", "jti", "index", "type"}
    assert {call.query for call in CALLS} == {(), ("after",), ("index",), ("log", "old")}


def test_a_batch_of_the_largest_grants_fits_the_frames() -> None:
    """The cap on frames is above what 32 MiB of boxes can be."""
    assert limits.MAX_BATCH_BYTES // 1_184 < limits.MAX_BATCH_FRAMES
