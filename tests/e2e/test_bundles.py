"""`sealtrace bundle`: a record leaves the log as one file, and is verified by somebody who never joined it."""

import datetime as dt
from dataclasses import replace
from pathlib import Path

import pytest

from clients.authority import members_of
from clients.bundles import _require_copy, _words, check_now
from clients.errors import NotPermittedError, UnreachableError
from clients.opening import agency_reader
from clients.transport import Request, Response
from clients.views import Viewer, view_record
from ledger.bundle import verify_bundle
from ledger.errors import ProofError
from ledger.fingerprints import to_text
from ledger.labels import Purpose
from ledger.storedzip import read_stored
from tests.support.charterlife import OWNER, PARTNER, next_name, submit, sync
from tests.support.commands import Result, command, run_in
from tests.support.loopback import Walk, found_consortium


class NoNetwork:
    """A transport that fails whoever uses it."""

    def send(self, request: Request, *, limit: int) -> Response:
        """Fail."""
        raise UnreachableError(f"the network was used for {request.path}, at most {limit} bytes")


@pytest.fixture(scope="module")
def founded(tmp_path_factory: pytest.TempPathFactory) -> Walk:
    """Give a log with one record of the owner, closed: a template to copy."""
    found = found_consortium(tmp_path_factory.mktemp("founded"), OWNER, PARTNER)
    submit(found, "ABC123")
    sync(found, OWNER)
    sync(found, PARTNER)
    found.close()
    return found


def export(walk: Walk, *options: str, by: str = OWNER) -> tuple[Path, Result]:
    """Export the record and return where it was written."""
    path = walk.folder / f"{by}.zip"
    return path, command(walk, "bundle", "export", str(next_name(walk)), "-o", str(path), *options, home=by)


def test_a_bundle_is_exported_and_verified_with_no_network_and_no_home(walk: Walk) -> None:
    """A stranger with the fingerprint verifies what an agency exported; unwitnessed is said and exits 4."""
    path, exported = export(walk)
    anchor = to_text(walk.fingerprint)
    stranger = run_in(["bundle", "verify", str(path), "--anchor", anchor], walk, NoNetwork())
    allowed = run_in(
        ["bundle", "verify", str(path), "--anchor", anchor, "--allow-unwitnessed", "--json"], walk, NoNetwork()
    )

    assert exported.code == 0, exported.notes
    assert stranger.code == 4
    assert "UNWITNESSED" in stranger.output
    assert "good (classical)" in stranger.output
    assert "good (post-quantum)" in stranger.output
    assert allowed.code == 0
    assert "ABC123" in str(allowed.json["fields"]["item.serials"])


def test_without_an_anchor_the_exit_code_is_4(walk: Walk) -> None:
    """Consistent is not verified: the words to compare by voice are printed."""
    path, _ = export(walk)
    result = run_in(["bundle", "verify", str(path), "--allow-unwitnessed"], walk, NoNetwork())

    assert result.code == 4
    assert "ANCHOR NOT CHECKED" in result.output


def test_a_home_gives_its_own_anchor_and_charters(walk: Walk) -> None:
    """A member needs no fingerprint typed in, and reads thin bundles; with --offline no service is asked."""
    path, _ = export(walk, "--thin")
    offline = [str(path), "--offline", "--allow-unwitnessed", "--home", str(walk.homes[PARTNER].path)]

    assert run_in(["bundle", "verify", *offline], walk, NoNetwork()).code == 0
    assert run_in(["bundle", "verify", str(path), "--anchor", to_text(walk.fingerprint)], walk, NoNetwork()).code == 1
    assert command(walk, "bundle", "verify", str(path), "--allow-unwitnessed", home=PARTNER).code == 0


def test_a_charter_file_of_ones_own_completes_a_thin_bundle(walk: Walk) -> None:
    """Who has no home names the charter file that it believes."""
    path, _ = export(walk, "--thin")
    charter = walk.folder / "charter.json"
    charter.write_bytes(walk.charter_file)
    words = ["--anchor", to_text(walk.fingerprint), "--charter", str(charter), "--allow-unwitnessed"]

    assert run_in(["bundle", "verify", str(path), *words], walk, NoNetwork()).code == 0


def test_a_later_revocation_is_said_when_the_log_is_asked(walk: Walk) -> None:
    """The file cannot tell what was revoked since; a home that asks is told."""
    path, _ = export(walk)
    first = next_name(walk)
    kid = read_kid(path)
    revoked = command(walk, "key", "revoke", kid, "--since", "1", home=OWNER)
    assert revoked.code == 0, revoked.notes
    found = command(walk, "bundle", "verify", str(path), "--allow-unwitnessed", home=PARTNER)

    assert found.code == 0
    assert "was revoked later" in found.output
    assert str(first) in found.output


def read_kid(path: Path) -> str:
    """Return the key that signed the record of a bundle, as the verdict names it."""
    return str(verify_bundle(path.read_bytes(), anchor=None).record.kid)


def test_a_changed_bundle_names_check_expected_found_and_next_step(walk: Walk) -> None:
    """A refusal says four things, and exits 1."""
    path, _ = export(walk)
    raw = bytearray(path.read_bytes())
    raw[200] ^= 1
    path.write_bytes(bytes(raw))
    result = run_in(["bundle", "verify", str(path)], walk, NoNetwork())

    assert result.code == 1
    assert "check bundle/container: expected" in result.notes
    assert "next: " in result.notes


def test_attack_a_bundle_of_another_history(walk: Walk) -> None:
    """A home that asks holds the bundle's log against its own: a longer or another one is a split view."""
    path, _ = export(walk)
    verdict = verify_bundle(path.read_bytes(), anchor=walk.fingerprint)
    standing = walk.session(PARTNER).stand()
    longer = replace(verdict, checkpoint=replace(verdict.checkpoint, size=verdict.checkpoint.size + 1))
    other = replace(verdict, checkpoint=replace(verdict.checkpoint, root=bytes(32)))

    assert check_now(standing, verdict) == ()
    for wrong in (longer, other):
        with pytest.raises(ProofError):
            check_now(standing, wrong)


def test_a_record_marked_no_copy_is_exported_by_its_originator_alone(walk: Walk) -> None:
    """A bundle is a copy; other caveats are told in words and bind whoever reads on."""
    stored = next(walk.session(PARTNER).replica.records())
    charters = walk.session(PARTNER).trust.charters()
    viewer = Viewer(
        reader=agency_reader(PARTNER),
        purpose=Purpose.TRACE,
        today=dt.date(2026, 11, 22),
        members=members_of(charters),
    )
    view = view_record(stored, viewer)
    assert view.marking is not None
    strict = replace(view, marking=replace(view.marking, cav=frozenset({"NO-COPY", "ORCON"})))

    _require_copy(view, PARTNER)
    _require_copy(strict, OWNER)
    with pytest.raises(NotPermittedError, match="NO-COPY"):
        _require_copy(strict, PARTNER)
    assert "the originator controls further use" in _words("ORCON")
    assert "as the originator wrote" in _words("H3:ask first")


def test_only_the_portions_named_are_shown(walk: Walk) -> None:
    """What the exporter leaves out is not in the file, in whatever form."""
    path, result = export(walk, "--portion", "event", "--json")
    shown = {name.partition(".")[0] for name in result.json["fields"]}

    assert shown == {"event"}
    assert result.json["withheld"] == ["item", "case"]
    assert read_stored(path.read_bytes(), limit=2**20)["record.sdjwt"].count(b"~") == 1 + len(result.json["fields"])


def test_a_portion_that_is_withheld_cannot_be_exported(walk: Walk) -> None:
    """The one decision function decides: what the screen withholds no file shows."""
    path, result = export(walk, "--portion", "case", by=PARTNER)

    assert result.code == 5
    assert "the case portion is withheld" in result.notes
    assert not path.exists()
    assert export(walk, by=PARTNER)[1].code == 0


def test_portions_have_names(walk: Walk) -> None:
    """A portion that no record has is wrong usage."""
    assert export(walk, "--portion", "serial")[1].code == 2


def test_a_record_that_is_not_in_the_replica_is_not_exported(walk: Walk) -> None:
    """Nothing is proved that this home did not verify before."""
    result = command(
        walk, "bundle", "export", f"{OWNER}/AAAAAAAAAAAAAAAAAAAAAA", "-o", str(walk.folder / "x.zip"), home=OWNER
    )

    assert result.code == 1
    assert "sealtrace sync" in result.notes
