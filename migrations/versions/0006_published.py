"""Signed is no longer published: what readers are shown stands in rows of its own (docs/adr/0047)."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add both tables. What a log from before had signed, it had published: its head, and each charter's checkpoint."""
    op.create_table(
        "published",
        sa.Column("log", sa.String(), nullable=False),
        sa.Column("size", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("note", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("log", "size", name="pk_published"),
    )
    op.create_table(
        "newest_published",
        sa.Column("log", sa.String(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("note", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("log", name="pk_newest_published"),
    )
    # A charter stands alone in its append: the checkpoint that first held it has the size after it.
    op.execute("INSERT INTO published (log, size, note) SELECT 'log', idx + 1, checkpoint FROM handovers")
    op.execute("INSERT OR IGNORE INTO published (log, size, note) SELECT 'log', size, checkpoint FROM head")
    op.execute("INSERT INTO newest_published (log, size, note) SELECT 'log', size, checkpoint FROM head")
    for verb in ("update", "delete"):
        op.execute(
            f"CREATE TRIGGER published_no_{verb} BEFORE {verb.upper()} ON published "
            f"BEGIN SELECT RAISE(ABORT, 'published is append-only'); END"
        )
