"""Tokens by runs of the log, so that a batch writes few pages; complaints that open the access log early."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_INT, _RAW, _TEXT = sa.Integer(), sa.LargeBinary(), sa.String()
_ENTRIES_A_PART = 65_536


def upgrade() -> None:
    """Write the tokens anew in their new order, which takes a minute for ten million; add complaints, empty."""
    op.rename_table("tokens", "tokens_before")
    op.create_table(
        "tokens",
        _column("part", _INT),
        _column("token", _RAW),
        _column("ep", _INT),
        _column("place", _INT),
        _column("idx", _INT),
        sa.PrimaryKeyConstraint("part", "token", "ep", "place", "idx", name="pk_tokens"),
        sqlite_with_rowid=False,
    )
    op.execute(
        "INSERT INTO tokens (part, token, ep, place, idx) "  # noqa: S608 - a number of this file, no text from outside
        f"SELECT idx / {_ENTRIES_A_PART} AS part, token, ep, place, idx FROM tokens_before ORDER BY part, token"
    )
    op.drop_table("tokens_before")
    op.create_table(
        "complaints",
        _column("seq", _INT),
        _column("agency", _TEXT),
        _column("idx", _INT),
        _column("at", _INT),
        _column("statement", _RAW),
        sa.PrimaryKeyConstraint("seq", name="pk_complaints"),
        sa.UniqueConstraint("agency", "idx", name="uq_complaints_agency_idx"),
    )


def _column(name: str, kind: "sa.types.TypeEngine[object]") -> "sa.Column[object]":
    return sa.Column(name, kind, nullable=False, autoincrement=False)
