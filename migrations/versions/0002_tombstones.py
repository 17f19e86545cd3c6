"""Expunged records: what a statement expunges, at most once, and whose bytes may be missing."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column and the table, which grows only."""
    op.add_column("statements", sa.Column("expunges", sa.LargeBinary(), nullable=True))
    expunging = sa.text("expunges IS NOT NULL")
    op.create_index(
        "uq_statements_iss_expunges", "statements", ["iss", "expunges"], unique=True, sqlite_where=expunging
    )
    op.create_table(
        "tombstones",
        sa.Column("iss", sa.String(), nullable=False),
        sa.Column("jti", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("iss", "jti", name="pk_tombstones"),
        sqlite_with_rowid=False,
    )
    for verb in ("update", "delete"):
        op.execute(
            f"CREATE TRIGGER tombstones_no_{verb} BEFORE {verb.upper()} ON tombstones "
            f"BEGIN SELECT RAISE(ABORT, 'tombstones is append-only'); END"
        )
