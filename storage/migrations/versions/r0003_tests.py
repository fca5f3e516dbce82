"""Tests of cells with their verdicts, candidates, and the table of inputs of a session."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Make the tables."""
    _create(
        "tests",
        *_texts("id", "cell_id"),
        sa.Column("number", sa.Integer, nullable=False),
        *_texts("call", "expected", "standing", "origin"),
        sa.Column("turn_id", sa.Text),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        _unique("tests", "id"),
        _unique("tests", "cell_id", "number"),
        _refers("tests", "cell_id", "cells", "CASCADE"),
        _refers("tests", "turn_id", "turns", "SET NULL"),
    )
    _create(
        "verdicts",
        *_texts("test_id", "version_id", "sha256"),
        sa.Column("passed", sa.Boolean, nullable=False),
        *_texts("actual", "detail"),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        _unique("verdicts", "test_id", "version_id"),
        _refers("verdicts", "test_id", "tests", "CASCADE"),
        _refers("verdicts", "version_id", "versions", "CASCADE"),
    )
    _create(
        "candidates",
        *_texts("id", "turn_id"),
        sa.Column("place", sa.Integer, nullable=False),
        *_texts("source", "prose", "status"),
        sa.Column("rank", sa.Integer),
        sa.Column("verdicts", sa.LargeBinary, nullable=False),
        *_texts("sampling"),
        sa.Column("tokens_out", sa.Integer),
        sa.Column("seconds", sa.Double),
        sa.Column("version_id", sa.Text),
        _unique("candidates", "id"),
        _unique("candidates", "turn_id", "place"),
        _refers("candidates", "turn_id", "turns", "CASCADE"),
        _refers("candidates", "version_id", "versions", "SET NULL"),
    )
    _create(
        "slot_rows",
        *_texts("id", "session_id", "inputs", "expected"),
        sa.Column("result", sa.LargeBinary),
        _unique("slot_rows", "id"),
        _refers("slot_rows", "session_id", "sessions", "CASCADE"),
    )
    for table, column in (
        ("tests", "turn_id"),
        ("verdicts", "version_id"),
        ("candidates", "version_id"),
        ("slot_rows", "session_id"),
    ):
        op.create_index(f"ix_{table}_{column}", table, [column])


def _create(table: str, *items: sa.schema.SchemaItem) -> None:
    number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    seq = sa.Column("seq", number, nullable=False)
    op.create_table(table, seq, *items, sa.PrimaryKeyConstraint("seq", name=f"pk_{table}"))


def _texts(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text, nullable=False) for name in names]


def _unique(table: str, *columns: str) -> sa.UniqueConstraint:
    return sa.UniqueConstraint(*columns, name=f"uq_{table}_{'_'.join(columns)}")


def _refers(table: str, column: str, target: str, ondelete: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{target}.id"], name=f"fk_{table}_{column}", ondelete=ondelete)
