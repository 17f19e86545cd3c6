"""`sealtrace bundle`: a record leaves the log as one file, and is verified by somebody who never joined it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from clients.errors import UnreachableError
from clients.transport import Request, Response
from ledger.bundle import verify_bundle
from ledger.fingerprints import to_text
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


@pytest.fixture
def walk(founded: Walk, tmp_path: Path) -> Iterator[Walk]:
    """Give a copy of it, open."""
    found = founded.copy_to(tmp_path / "copy")
    yield found
    found.close()


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
