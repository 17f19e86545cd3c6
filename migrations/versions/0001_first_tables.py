"""The first tables. A revision is never edited: it repeats the models as they were, with the triggers.

There is no way down: an append-only log that has been written under a schema keeps it.
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_APPEND_ONLY = ("entries", "statements", "recipients", "batches", "charters", "tiles")


def upgrade() -> None:
    """Make the tables and what keeps them append-only."""
    _log()
    _statements()
    _head()
    for table in _APPEND_ONLY:
        for verb in ("update", "delete"):
            op.execute(
                f"CREATE TRIGGER {table}_no_{verb} BEFORE {verb.upper()} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
            )


def _log() -> None:
    op.create_table(
        "entries",
        sa.Column("idx", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("typ", sa.String(), nullable=False),
        sa.Column("entry", sa.LargeBinary(), nullable=False),
        sa.Column("leaf", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("idx", name="pk_entries"),
        sa.UniqueConstraint("leaf", name="uq_entries_leaf"),
    )
    judged = sa.text("typ IN ('charter', 'key', 'grant', 'batch')")
    op.create_index("ix_entries_judged", "entries", ["idx"], sqlite_where=judged)
    op.create_table(
        "tiles",
        sa.Column("level", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("idx", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("level", "idx", name="pk_tiles"),
        sa.CheckConstraint("length(data) = 8192", name="full"),
    )
    op.create_table(
        "batches",
        sa.Column("iss", sa.String(), nullable=False),
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("idx", sa.Integer(), nullable=False),
        sa.Column("first", sa.Integer(), nullable=False),
        sa.Column("payload_hash", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["idx"], ["entries.idx"], name="fk_batches_idx_entries"),
        sa.PrimaryKeyConstraint("iss", "seq", name="pk_batches"),
        sa.UniqueConstraint("idx", name="uq_batches_idx"),
    )
    op.create_table(
        "charters",
        sa.Column("ver", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("idx", sa.Integer(), nullable=False),
        sa.Column("file", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["idx"], ["entries.idx"], name="fk_charters_idx_entries"),
        sa.PrimaryKeyConstraint("ver", name="pk_charters"),
        sa.UniqueConstraint("idx", name="uq_charters_idx"),
    )


def _statements() -> None:
    op.create_table(
        "statements",
        sa.Column("idx", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("iss", sa.String(), nullable=False),
        sa.Column("jti", sa.LargeBinary(), nullable=False),
        sa.Column("typ", sa.String(), nullable=False),
        sa.Column("ep", sa.Integer(), nullable=True),
        sa.Column("sup", sa.LargeBinary(), nullable=True),
        sa.Column("kcs", sa.LargeBinary(), nullable=True),
        sa.Column("batch", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["idx"], ["entries.idx"], name="fk_statements_idx_entries"),
        sa.PrimaryKeyConstraint("idx", name="pk_statements"),
        sa.UniqueConstraint("iss", "jti", name="uq_statements_iss_jti"),
    )
    superseding = sa.text("sup IS NOT NULL")
    op.create_index("uq_statements_iss_sup", "statements", ["iss", "sup"], unique=True, sqlite_where=superseding)
    op.create_table(
        "recipients",
        sa.Column("agency", sa.String(), nullable=False),
        sa.Column("idx", sa.Integer(), autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(["idx"], ["statements.idx"], name="fk_recipients_idx_statements"),
        sa.PrimaryKeyConstraint("agency", "idx", name="pk_recipients"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "blobs",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("idx", sa.Integer(), nullable=False),
        sa.Column("place", sa.String(), nullable=False),
        sa.Column("tag_hash", sa.LargeBinary(), nullable=True),
        sa.Column("only_for", sa.String(), nullable=True),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["idx"], ["statements.idx"], name="fk_blobs_idx_statements"),
        sa.PrimaryKeyConstraint("id", name="pk_blobs"),
        sa.UniqueConstraint("idx", "place", name="uq_blobs_idx_place"),
    )


def _head() -> None:
    op.create_table(
        "nonces",
        sa.Column("keyid", sa.String(), nullable=False),
        sa.Column("nonce", sa.String(), nullable=False),
        sa.Column("expires", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("keyid", "nonce", name="pk_nonces"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_nonces_expires", "nonces", ["expires"])
    op.create_table(
        "head",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("tree", sa.LargeBinary(), nullable=False),
        sa.Column("checkpoint", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_head"),
        sa.CheckConstraint("id = 1", name="one_row"),
    )
