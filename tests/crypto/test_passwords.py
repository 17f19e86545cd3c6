"""Passwords: what is kept costs a guess, and says nothing else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto.errors import PasswordError
from crypto.keystore import STRONG, Cost
from crypto.passwords import (
    LEAST_CHARACTERS,
    MOST_BYTES,
    check_password,
    hash_password,
    one_time_password,
    verify_password,
)

WEAK = Cost(memory_kib=8, passes=1, lanes=1)
PASSWORD = b"correct horse battery staple"


def test_a_password_is_known_again() -> None:
    """What was kept of a password admits it."""
    verify_password(PASSWORD, kept=hash_password(PASSWORD, cost=WEAK))


@pytest.mark.parametrize("other", [b"", b"Correct horse battery staple", PASSWORD + b" ", PASSWORD[:-1], PASSWORD * 99])
def test_another_password_is_refused(other: bytes) -> None:
    """Neither case nor length is forgiven."""
    with pytest.raises(PasswordError):
        verify_password(other, kept=hash_password(PASSWORD, cost=WEAK))


def test_the_same_password_is_kept_differently() -> None:
    """Each hash has a salt of its own: equal passwords do not look equal."""
    assert hash_password(PASSWORD, cost=WEAK) != hash_password(PASSWORD, cost=WEAK)


def test_a_kept_password_costs_what_a_keystore_costs() -> None:
    """Unless told otherwise a guess takes 64 MiB and three passes (RFC 9106, 4)."""
    assert hash_password(PASSWORD).startswith(f"$argon2id$v=19$m={STRONG.memory_kib},t={STRONG.passes},p=1$")


def test_a_hash_kept_earlier_still_admits() -> None:
    """The spelling stays: a hash written by an earlier version, at another cost, is understood."""
    kept = "$argon2id$v=19$m=64,t=1,p=1$YWFhYWFhYWFhYWFhYWFhYQ$8UcLYOA2pXNk6h+gNEkpkXjp5bYbm7f8JKTouSNvzx0"

    verify_password(b"x", kept=kept)


@pytest.mark.parametrize(
    "kept",
    [
        "",
        "plain text",
        "$argon2i$v=19$m=64,t=1,p=1$YWFhYWFhYWFhYWFhYWFhYQ$8UcLYOA2pXNk6h+gNEkpkXjp5bYbm7f8JKTouSNvzx0",
        "$argon2id$v=19$m=999999999,t=1,p=1$YWFhYWFhYWFhYWFhYWFhYQ$8UcLYOA2pXNk6h+gNEkpkXjp5bYbm7f8JKTouSNvzx0",
        "$argon2id$v=19$m=64,t=99,p=1$YWFhYWFhYWFhYWFhYWFhYQ$8UcLYOA2pXNk6h+gNEkpkXjp5bYbm7f8JKTouSNvzx0",
        "$argon2id$v=19$m=64,t=1,p=1$!$!",
    ],
)
def test_what_is_no_hash_is_refused_before_it_costs_anything(kept: str) -> None:
    """A row that somebody changed neither admits anyone nor makes the service compute for hours."""
    with pytest.raises(PasswordError):
        verify_password(PASSWORD, kept=kept)


@given(kept=st.text(), password=st.binary(max_size=40))
def test_any_text_raises_only_our_error(kept: str, password: bytes) -> None:
    """Whatever stands in the row, the error is ours and quotes neither side."""
    with pytest.raises(PasswordError) as caught:
        verify_password(password, kept=kept)
    assert not kept or len(kept) < 4 or kept not in str(caught.value)


@pytest.mark.parametrize("password", ["", "short", "a" * (LEAST_CHARACTERS - 1), "a" * (MOST_BYTES + 1)])
def test_a_password_has_a_least_and_a_most_length(password: str) -> None:
    """Too short is guessed, too long is an attack on the one who hashes."""
    with pytest.raises(PasswordError, match="at least 12"):
        check_password(password)


def test_a_long_enough_password_is_taken_as_it_is() -> None:
    """Spaces and letters of any script count; nothing is trimmed or folded."""
    assert check_password(" пароль ж пробелом ").decode() == " пароль ж пробелом "


def test_a_one_time_password_can_be_read_aloud() -> None:
    """Four groups of five, no letter that is taken for another, never the same twice."""
    password = one_time_password()

    assert [len(group) for group in password.split("-")] == [5, 5, 5, 5]
    assert not set(password) & set("l1oi0")
    assert password != one_time_password()
    check_password(password)
