"""An agency's secret keys: drawn in their order, used by their role, changed in steps that survive a crash."""

from pathlib import Path

import pytest

from clients.errors import HomeError
from clients.keyring import (
    AUDITOR_ROLES,
    OFFLINE_ROLES,
    WORKING_ROLES,
    Keyring,
    create_keystore,
    draw_keys,
    public_key,
)
from crypto.errors import KeystoreError
from crypto.keystore import Secret
from ledger.identifiers import KeyId, key_id
from ledger.kinds import Role
from tests.support.keystores import PASSPHRASE, WEAK

ME = "xar-arms"


def keyring(folder: Path, roles: tuple[Role, ...] = WORKING_ROLES, *, first: int = 4) -> Keyring:
    """Return a new keystore's keys."""
    path = folder / "keystore"
    create_keystore(path, passphrase=PASSPHRASE, keys=draw_keys(ME, roles, first=first), cost=WEAK)
    return reopened(folder)


def reopened(folder: Path) -> Keyring:
    """Return the keys as another program would find them."""
    return Keyring.open(folder / "keystore", passphrase=PASSPHRASE, allow_weak=True)


def drawn(number: int, role: Role) -> Secret:
    """Return one fresh key of one algorithm."""
    (secret,) = draw_keys(ME, (role,), first=number)
    return secret


def test_keys_are_numbered_in_the_order_of_the_protocol() -> None:
    """#1 and #2 root, #3 recovery, #4 sign, #5 batch, #6 http, #7 hpke."""
    offline = draw_keys(ME, OFFLINE_ROLES, first=1)
    working = draw_keys(ME, WORKING_ROLES, first=len(offline) + 1)

    assert [(secret.name, secret.role) for secret in (*offline, *working)] == [
        ("xar-arms#1", "root/Ed25519"),
        ("xar-arms#2", "root/ML-DSA-65"),
        ("xar-arms#3", "recovery/hpke"),
        ("xar-arms#4", "sign/Ed25519"),
        ("xar-arms#5", "batch/ML-DSA-65"),
        ("xar-arms#6", "http/Ed25519"),
        ("xar-arms#7", "hpke/hpke"),
    ]


def test_an_auditor_has_keys_for_requests_and_boxes_only() -> None:
    """Nothing that could sign a statement."""
    assert [secret.role for secret in draw_keys("xau-dit", AUDITOR_ROLES, first=1)] == ["http/Ed25519", "hpke/hpke"]


def test_no_two_keys_are_alike() -> None:
    """Every seed is drawn anew."""
    seeds = {secret.value for _ in range(3) for secret in draw_keys(ME, WORKING_ROLES, first=4)}

    assert len(seeds) == 12
    assert {len(seed) for seed in seeds} == {32}


def test_a_signature_is_by_the_key_its_kid_names(tmp_path: Path) -> None:
    """The public key that a charter lists for the kid verifies it."""
    found = keyring(tmp_path)
    listed = {key.kid: key for key in found.public_keys()}
    for role in (Role.SIGN, Role.BATCH, Role.HTTP):
        signer, kid = found.signer(role).pair()

        assert signer.public_key.raw == listed[kid].public_key
        signer.public_key.verify(message=b"text", signature=signer.sign(b"text"))


def test_the_newest_key_of_a_role_signs(tmp_path: Path) -> None:
    """By its number as a number: #10 comes after #9."""
    found = keyring(tmp_path)
    for number in (9, 10):
        found.prepare([drawn(number, Role.SIGN)])
        found.adopt(kids=[KeyId(ME, number)], destroy=[])

    assert found.signer(Role.SIGN).kid == KeyId(ME, 10)
    assert [key.kid.number for key in found.signing_keys(Role.SIGN)] == [4, 9, 10]


def test_a_role_without_a_key_is_told(tmp_path: Path) -> None:
    """A home that lost a key says so, and what to do."""
    with pytest.raises(HomeError, match="no witness key") as caught:
        keyring(tmp_path).signer(Role.WITNESS)
    assert caught.value.next_step


def test_boxes_are_opened_newest_first(tmp_path: Path) -> None:
    """What was sealed lately is found at once."""
    found = keyring(tmp_path)
    before = next(found.decapsulators()).public_key
    found.prepare([drawn(8, Role.HPKE)])
    found.adopt(kids=[KeyId(ME, 8)], destroy=[])
    keys = [one.public_key for one in found.decapsulators()]

    assert len(keys) == 2
    assert keys[1] == before


def test_a_prepared_key_is_used_for_nothing(tmp_path: Path) -> None:
    """Until its entry is in the log, it neither signs nor is listed."""
    found = keyring(tmp_path)
    found.prepare([drawn(8, Role.SIGN)])

    assert found.signer(Role.SIGN).kid == KeyId(ME, 4)
    assert KeyId(ME, 8) not in {key.kid for key in found.public_keys()}
    assert [key.kid for key in reopened(tmp_path).pending()] == [KeyId(ME, 8)]


def test_a_later_preparation_keeps_the_earlier_until_one_is_adopted(tmp_path: Path) -> None:
    """What was refused may yet be logged; once another change is, it never counts, and its seed goes."""
    found = keyring(tmp_path)
    found.prepare([drawn(8, Role.SIGN)])
    found.prepare([drawn(9, Role.SIGN)])
    waiting = [key.kid.number for key in found.pending()]
    found.adopt(kids=[KeyId(ME, 9)], destroy=[])

    assert waiting == [8, 9]
    assert reopened(tmp_path).pending() == ()
    assert KeyId(ME, 8) not in {key.kid for key in reopened(tmp_path).public_keys()}


def test_adopting_twice_changes_nothing(tmp_path: Path) -> None:
    """A program that died in the middle does it again."""
    found = keyring(tmp_path)
    found.prepare([drawn(8, Role.SIGN)])
    for _ in range(2):
        found.adopt(kids=[KeyId(ME, 8)], destroy=[KeyId(ME, 4)])

    assert [key.kid.number for key in reopened(tmp_path).signing_keys(Role.SIGN)] == [8]
    assert reopened(tmp_path).pending() == ()


def test_destroyed_seeds_are_gone_from_the_file(tmp_path: Path) -> None:
    """And from what another program opens."""
    found = keyring(tmp_path)
    found.destroy([KeyId(ME, 6)])

    with pytest.raises(HomeError):
        reopened(tmp_path).signer(Role.HTTP)


def test_working_keys_move_as_a_whole(tmp_path: Path) -> None:
    """They lie with a new root until its charter is in force, and then where they are used; the root stays."""
    for name in ("old", "new"):
        (tmp_path / name).mkdir()
    source = keyring(tmp_path / "new", OFFLINE_ROLES + WORKING_ROLES, first=10)
    target = keyring(tmp_path / "old")
    source.move_working_keys(target)

    assert reopened(tmp_path / "old").signer(Role.SIGN).kid == KeyId(ME, 13)
    assert [key.kid.number for key in reopened(tmp_path / "new").public_keys()] == [10, 11, 12]
    assert [key.kid.number for _, key in source.roots()] == [10, 11]


def test_epoch_keys_are_kept_by_the_hex_of_their_ids(tmp_path: Path) -> None:
    """They are no keys that a charter lists."""
    found = keyring(tmp_path)
    found.put_epoch_keys({"ab" * 32: bytes(32), "cd" * 32: b"\1" * 32})

    assert dict(reopened(tmp_path).epoch_keys()) == {"ab" * 32: bytes(32), "cd" * 32: b"\1" * 32}
    assert len(found.public_keys()) == 4


def test_the_key_for_rows_is_drawn_once(tmp_path: Path) -> None:
    """A list sent again next year is still known; another home knows nothing of it."""
    found = keyring(tmp_path)
    key = found.row_key()
    (tmp_path / "other").mkdir()

    assert key == found.row_key() == reopened(tmp_path).row_key()
    assert key != keyring(tmp_path / "other").row_key()


def test_two_programs_that_draw_the_key_for_rows_at_once_have_one(tmp_path: Path) -> None:
    """Under two keys a list that is sent again would be logged twice; whoever comes second takes the first's."""
    first, second = keyring(tmp_path), reopened(tmp_path)

    assert first.row_key() == second.row_key()


def test_a_wrong_passphrase_opens_nothing(tmp_path: Path) -> None:
    """And is told apart from nothing else."""
    keyring(tmp_path)
    with pytest.raises(KeystoreError):
        Keyring.open(tmp_path / "keystore", passphrase=b"another passphrase", allow_weak=True)


def test_no_secret_is_shown_by_accident(tmp_path: Path) -> None:
    """A repr ends in a log."""
    found = keyring(tmp_path)
    found.put_epoch_keys({"ab" * 32: b"canary canary canary canary cana"})
    shown = repr(found) + repr(found.signer(Role.SIGN)) + repr(drawn(8, Role.SIGN))

    assert "canary" not in shown
    assert "value" not in shown


@pytest.mark.parametrize("secret", draw_keys(ME, OFFLINE_ROLES + WORKING_ROLES, first=1), ids=lambda one: one.role)
def test_what_a_charter_lists_follows_from_the_seed(secret: Secret) -> None:
    """The same key object every time, under the same kid and role."""
    key = public_key(secret)

    assert key == public_key(secret)
    assert (key.kid, key.role.value) == (key_id(secret.name), secret.role.partition("/")[0])
