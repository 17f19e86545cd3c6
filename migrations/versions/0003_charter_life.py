"""What a log needs to live longer than its first charter: handover checkpoints, and daily limits counted."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add both tables; handovers grow only. A database from before has none: its one charter began the log."""
    op.create_table(
        "handovers",
        sa.Column("idx", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("checkpoint", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["idx"], ["entries.idx"], name="fk_handovers_idx_entries"),
        sa.PrimaryKeyConstraint("idx", name="pk_handovers"),
    )
    for verb in ("update", "delete"):
        op.execute(
            f"CREATE TRIGGER handovers_no_{verb} BEFORE {verb.upper()} ON handovers "
            f"BEGIN SELECT RAISE(ABORT, 'handovers is append-only'); END"
        )
    op.create_table(
        "uses",
        sa.Column("agency", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("day", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("used", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("agency", "kind", "day", name="pk_uses"),
        sqlite_with_rowid=False,
    )
