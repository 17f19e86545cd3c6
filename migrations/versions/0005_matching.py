"""Matching: live slips and their tokens, questions until they are told, watches, notices, the access log."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_INT, _RAW, _TEXT = sa.Integer(), sa.LargeBinary(), sa.String()


def upgrade() -> None:
    """Add the tables, empty: before this revision no charter could name a matching key, so every slip is `off`."""
    op.add_column("statements", sa.Column("renews", _INT, nullable=True))
    op.create_index(
        "ix_statements_iss_renews", "statements", ["iss", "renews"], sqlite_where=sa.text("renews IS NOT NULL")
    )
    _slips()
    _questions()
    _notices()
    _access()


def _slips() -> None:
    op.create_table(
        "slips",
        _column("idx", _INT),
        _column("ep", _INT),
        _column("source", _INT),
        _column("hit", _TEXT),
        _column("tokens", _RAW),
        sa.PrimaryKeyConstraint("idx", "ep", name="pk_slips"),
        sa.CheckConstraint("hit IN ('open', 'silent')", name="hit"),
        sa.ForeignKeyConstraint(["idx"], ["statements.idx"], name="fk_slips_idx_statements"),
        sa.ForeignKeyConstraint(["source"], ["statements.idx"], name="fk_slips_source_statements"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_slips_source", "slips", ["source"])
    op.create_table(
        "tokens",
        _column("token", _RAW),
        _column("ep", _INT),
        _column("place", _INT),
        _column("idx", _INT),
        sa.PrimaryKeyConstraint("token", "ep", "place", "idx", name="pk_tokens"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "token_epochs",
        _column("ep", _INT),
        _column("started", _INT),
        sa.PrimaryKeyConstraint("ep", name="pk_token_epochs"),
        sqlite_with_rowid=False,
    )


def _questions() -> None:
    op.create_table(
        "outcomes",
        _column("id", _INT),
        _column("asker", _TEXT),
        _column("body_hash", _RAW),
        _column("input", _TEXT),
        _column("signature", _TEXT),
        _column("told", _RAW),
        sa.PrimaryKeyConstraint("id", name="pk_outcomes"),
    )
    op.create_table(
        "watches",
        _column("id", _INT),
        _column("asker", _TEXT),
        _column("body_hash", _RAW),
        _column("input", _TEXT),
        _column("signature", _TEXT),
        _column("size", _INT),
        _column("expires", _INT),
        sa.PrimaryKeyConstraint("id", name="pk_watches"),
    )
    op.create_index("ix_watches_expires", "watches", ["expires"])
    op.create_table(
        "watch_tokens",
        _column("token", _RAW),
        _column("ep", _INT),
        _column("class", _INT),
        _column("watch", _INT),
        sa.ForeignKeyConstraint(["watch"], ["watches.id"], name="fk_watch_tokens_watch_watches", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("token", "ep", "class", "watch", name="pk_watch_tokens"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_watch_tokens_watch", "watch_tokens", ["watch"])
    op.create_table(
        "firings",
        _column("watch", _INT),
        _column("idx", _INT),
        sa.ForeignKeyConstraint(["watch"], ["watches.id"], name="fk_firings_watch_watches", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("watch", "idx", name="pk_firings"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "tick",
        _column("id", _INT),
        _column("at", _INT),
        _column("size", _INT),
        sa.PrimaryKeyConstraint("id", name="pk_tick"),
        sa.CheckConstraint("id = 1", name="one_row"),
    )


def _notices() -> None:
    op.create_table(
        "notices",
        _column("agency", _TEXT),
        _column("seq", _INT),
        _column("at", _INT),
        _column("body", _RAW),
        sa.PrimaryKeyConstraint("agency", "seq", name="pk_notices"),
    )
    op.create_index("ix_notices_at", "notices", ["at"])
    op.create_table(
        "reviews",
        _column("id", _RAW),
        _column("agency", _TEXT),
        _column("due", _INT),
        _column("hits", _INT),
        sa.Column("reviewed", _INT, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_reviews"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_reviews_due", "reviews", ["due"])
    op.create_table(
        "openings",
        _column("idx", _INT),
        _column("at", _INT),
        _column("body", _RAW),
        sa.PrimaryKeyConstraint("idx", name="pk_openings"),
    )


def _access() -> None:
    op.create_table(
        "access_entries",
        _column("idx", _INT),
        _column("entry", _RAW),
        sa.PrimaryKeyConstraint("idx", name="pk_access_entries"),
    )
    op.create_table(
        "access_tiles",
        _column("level", _INT),
        _column("idx", _INT),
        _column("data", _RAW),
        sa.PrimaryKeyConstraint("level", "idx", name="pk_access_tiles"),
        sa.CheckConstraint("length(data) = 8192", name="full"),
    )
    op.create_table(
        "access_head",
        _column("id", _INT),
        _column("size", _INT),
        _column("tree", _RAW),
        _column("checkpoint", _RAW),
        sa.PrimaryKeyConstraint("id", name="pk_access_head"),
        sa.CheckConstraint("id = 1", name="one_row"),
    )
    for table in ("access_entries", "access_tiles"):
        for verb in ("update", "delete"):
            op.execute(
                f"CREATE TRIGGER {table}_no_{verb} BEFORE {verb.upper()} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
            )


def _column(name: str, kind: "sa.types.TypeEngine[object]") -> "sa.Column[object]":
    return sa.Column(name, kind, nullable=False, autoincrement=False)
