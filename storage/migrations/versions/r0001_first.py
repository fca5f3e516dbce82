"""The first schema: sessions, cells, turns, versions, runs and shares."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

# Each closes a circle of tables. SQLite takes them with the table, the others once all tables are there.
_CIRCULAR = (
    ("sessions", "head_turn_id", "turns"),
    ("cells", "version_id", "versions"),
    ("turns", "version_id", "versions"),
)


def upgrade() -> None:
    """Make the tables."""
    _sessions()
    _cells()
    _turns()
    _versions()
    _runs()
    _shares()
    if op.get_bind().dialect.name != "sqlite":
        for table, column, target in _CIRCULAR:
            op.create_foreign_key(f"fk_{table}_{column}", table, target, [column], ["id"], ondelete="SET NULL")


def _sessions() -> None:
    _create(
        "sessions",
        *_texts("id", "owner", "title"),
        *_texts("head_turn_id", "target_cell_id", nullable=True),
        *_texts("draft", "sampling", "model_id"),
        sa.Column("revision", sa.Integer, nullable=False),
        *_times("created_at", "updated_at"),
        *_times("deleted_at", nullable=True),
        _unique("sessions", "id"),
        _points_to("sessions", "head_turn_id", "turns", circular=True),
    )
    _index("sessions", "deleted_at")
    _index("sessions", "head_turn_id")
    _index("sessions", "owner", "updated_at")


def _cells() -> None:
    _create(
        "cells",
        *_texts("id", "session_id"),
        sa.Column("position", sa.Integer, nullable=False),
        *_texts("title"),
        *_texts("version_id", nullable=True),
        sa.Column("revision", sa.Integer, nullable=False),
        *_times("created_at"),
        *_times("deleted_at", nullable=True),
        _unique("cells", "id"),
        _part_of("cells", "session_id", "sessions"),
        _points_to("cells", "version_id", "versions", circular=True),
    )
    _index("cells", "session_id")
    _index("cells", "version_id")


def _turns() -> None:
    _create(
        "turns",
        *_texts("id", "session_id"),
        *_texts("parent_id", nullable=True),
        *_texts("request", "prose", "status", "message"),
        *_texts("target_cell_id", "cell_id", "version_id", nullable=True),
        *_texts("model", "quantisation", "sampling"),
        sa.Column("prompt_report", sa.LargeBinary, nullable=False),
        sa.Column("tokens_in", sa.Integer),
        sa.Column("tokens_out", sa.Integer),
        sa.Column("seconds", sa.Double),
        *_times("created_at"),
        _unique("turns", "id"),
        _part_of("turns", "session_id", "sessions"),
        _points_to("turns", "parent_id", "turns"),
        _points_to("turns", "target_cell_id", "cells"),
        _points_to("turns", "cell_id", "cells"),
        _points_to("turns", "version_id", "versions", circular=True),
    )
    for column in ("session_id", "parent_id", "status", "target_cell_id", "cell_id", "version_id"):
        _index("turns", column)


def _versions() -> None:
    _create(
        "versions",
        *_texts("id", "cell_id"),
        sa.Column("number", sa.Integer, nullable=False),
        *_texts("source", "sha256"),
        *_texts("parent_id", nullable=True),
        *_texts("origin", "status"),
        *_texts("turn_id", nullable=True),
        *_texts("model", "quantisation", "sampling"),
        *_times("created_at"),
        _unique("versions", "id"),
        _unique("versions", "cell_id", "number"),
        _part_of("versions", "cell_id", "cells"),
        _points_to("versions", "parent_id", "versions"),
        _points_to("versions", "turn_id", "turns"),
    )
    for column in ("parent_id", "status", "turn_id"):
        _index("versions", column)


def _runs() -> None:
    _create(
        "runs",
        *_texts("id", "session_id", "cell_id", "version_id", "sha256", "kernel_id", "upstream"),
        *_texts("status", "limit", "message"),
        sa.Column("execution_count", sa.Integer),
        sa.Column("outputs", sa.LargeBinary, nullable=False),
        sa.Column("failure", sa.LargeBinary),
        *_times("started_at", nullable=True),
        sa.Column("milliseconds", sa.Double),
        _unique("runs", "id"),
        _part_of("runs", "session_id", "sessions"),
        _part_of("runs", "cell_id", "cells"),
        _part_of("runs", "version_id", "versions"),
    )
    for column in ("session_id", "cell_id", "version_id", "status"):
        _index("runs", column)


def _shares() -> None:
    _create(
        "shares",
        *_texts("token", "session_id"),
        sa.Column("document", sa.LargeBinary, nullable=False),
        *_times("created_at", "updated_at"),
        *_times("revoked_at", nullable=True),
        _unique("shares", "token"),
        _part_of("shares", "session_id", "sessions"),
    )
    _index("shares", "session_id")


def _create(table: str, *items: sa.schema.SchemaItem) -> None:
    number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    seq = sa.Column("seq", number, nullable=False)
    op.create_table(table, seq, *items, sa.PrimaryKeyConstraint("seq", name=f"pk_{table}"))


def _texts(*names: str, nullable: bool = False) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text, nullable=nullable) for name in names]


def _times(*names: str, nullable: bool = False) -> list[sa.Column[object]]:
    return [sa.Column(name, sa.DateTime(timezone=True), nullable=nullable) for name in names]


def _unique(table: str, *columns: str) -> sa.UniqueConstraint:
    return sa.UniqueConstraint(*columns, name=f"uq_{table}_{'_'.join(columns)}")


def _part_of(table: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{target}.id"], name=f"fk_{table}_{column}", ondelete="CASCADE")


def _points_to(table: str, column: str, target: str, *, circular: bool = False) -> sa.ForeignKeyConstraint:
    name = f"fk_{table}_{column}"
    return sa.ForeignKeyConstraint([column], [f"{target}.id"], name=name, ondelete="SET NULL", use_alter=circular)


def _index(table: str, *columns: str) -> None:
    op.create_index(f"ix_{table}_{'_'.join(columns)}", table, list(columns))
