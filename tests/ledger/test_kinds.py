"""The kinds of entries and the roles of keys, to the letter (docs/protocol.md, 2 and 3)."""

from ledger.kinds import STATEMENTS, Role, Typ


def test_the_kinds_are_the_protocols() -> None:
    """The `typ` of every entry is for ever."""
    assert [typ.value for typ in Typ] == [
        "sealtrace-record+sd-jwt",
        "sealtrace-grant+jws",
        "sealtrace-message+jws",
        "sealtrace-slips+jws",
        "sealtrace-expunge+jws",
        "sealtrace-batch+jws",
        "sealtrace-key+jws",
        "sealtrace-charter+jws",
    ]


def test_statements_are_what_stands_inside_batches() -> None:
    """Batches, key entries and charters are no statements."""
    assert set(Typ) - set(STATEMENTS) == {Typ.BATCH, Typ.KEY, Typ.CHARTER}


def test_the_roles_are_the_protocols() -> None:
    """The names of the roles stand in charters for ever."""
    assert {role.value for role in Role} == {"root", "recovery", "sign", "batch", "http", "hpke", "witness"}
