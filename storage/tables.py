"""The tables. They never leave this package: `storage.records` holds what does.

`seq` grows with every row and is what "newest" means, whatever a clock did. Pointers between sessions, turns, cells
and versions go both ways; those marked `use_alter` close the circles.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import BigInteger, ForeignKey, Index, Integer, MetaData, UniqueConstraint
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from storage.types import CheckedText, JsonText, PackedJson, UtcDateTime

NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "pk": "pk_%(table_name)s",
}


def _part_of(column: str) -> ForeignKey:
    return ForeignKey(column, ondelete="CASCADE")


def _points_to(column: str, *, circular: bool = False) -> ForeignKey:
    return ForeignKey(column, ondelete="SET NULL", use_alter=circular)


class Table(DeclarativeBase):
    """Base of the tables."""

    metadata = MetaData(naming_convention=NAMES)
    type_annotation_map: ClassVar[dict[Any, Any]] = {str: CheckedText, datetime: UtcDateTime, dict[str, Any]: JsonText}
    kind: ClassVar[str]

    seq: Mapped[int] = mapped_column(BigInteger().with_variant(Integer, "sqlite"), primary_key=True, sort_order=-2)


class Identified(Table):
    """Base of the tables whose rows have an id."""

    __abstract__ = True

    id: Mapped[str] = mapped_column(unique=True, sort_order=-1)


class SessionRow(Identified):
    """See `records.Session`. `target_cell_id` is no foreign key, as it may be a word."""

    __tablename__ = "sessions"
    __table_args__ = (Index(None, "owner", "updated_at"), Index(None, "deleted_at"))
    kind = "session"

    owner: Mapped[str]
    title: Mapped[str]
    head_turn_id: Mapped[str | None] = mapped_column(_points_to("turns.id", circular=True), index=True)
    target_cell_id: Mapped[str | None]
    draft: Mapped[str]
    sampling: Mapped[dict[str, Any]]
    model_id: Mapped[str]
    revision: Mapped[int]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    deleted_at: Mapped[datetime | None]


class CellRow(Identified):
    """See `records.Cell`."""

    __tablename__ = "cells"
    kind = "cell"

    session_id: Mapped[str] = mapped_column(_part_of("sessions.id"), index=True)
    position: Mapped[int]
    title: Mapped[str]
    version_id: Mapped[str | None] = mapped_column(_points_to("versions.id", circular=True), index=True)
    revision: Mapped[int]
    created_at: Mapped[datetime]
    deleted_at: Mapped[datetime | None]


class TurnRow(Identified):
    """See `records.Turn`."""

    __tablename__ = "turns"
    kind = "turn"

    session_id: Mapped[str] = mapped_column(_part_of("sessions.id"), index=True)
    parent_id: Mapped[str | None] = mapped_column(_points_to("turns.id"), index=True)
    request: Mapped[str]
    prose: Mapped[str]
    status: Mapped[str] = mapped_column(index=True)
    message: Mapped[str]
    target_cell_id: Mapped[str | None] = mapped_column(_points_to("cells.id"), index=True)
    cell_id: Mapped[str | None] = mapped_column(_points_to("cells.id"), index=True)
    version_id: Mapped[str | None] = mapped_column(_points_to("versions.id", circular=True), index=True)
    model: Mapped[str]
    quantisation: Mapped[str]
    sampling: Mapped[dict[str, Any]]
    prompt_report: Mapped[dict[str, Any]] = mapped_column(PackedJson)
    tokens_in: Mapped[int | None]
    tokens_out: Mapped[int | None]
    seconds: Mapped[float | None]
    first_token_seconds: Mapped[float | None] = mapped_column(sort_order=1)
    estimated: Mapped[bool] = mapped_column(sort_order=1)
    price_per_hour: Mapped[float | None] = mapped_column(sort_order=1)
    carried: Mapped[Sequence[str]] = mapped_column(JsonText, sort_order=1)
    created_at: Mapped[datetime]


class VersionRow(Identified):
    """See `records.Version`."""

    __tablename__ = "versions"
    __table_args__ = (UniqueConstraint("cell_id", "number"),)
    kind = "version"

    cell_id: Mapped[str] = mapped_column(_part_of("cells.id"))
    number: Mapped[int]
    source: Mapped[str]
    sha256: Mapped[str]
    parent_id: Mapped[str | None] = mapped_column(_points_to("versions.id"), index=True)
    origin: Mapped[str]
    status: Mapped[str] = mapped_column(index=True)
    turn_id: Mapped[str | None] = mapped_column(_points_to("turns.id"), index=True)
    model: Mapped[str]
    quantisation: Mapped[str]
    weights: Mapped[str]
    sampling: Mapped[dict[str, Any]]
    audit: Mapped[dict[str, Any] | None] = mapped_column(PackedJson)
    created_at: Mapped[datetime]


class RunRow(Identified):
    """See `records.Run`."""

    __tablename__ = "runs"
    kind = "run"

    session_id: Mapped[str] = mapped_column(_part_of("sessions.id"), index=True)
    cell_id: Mapped[str] = mapped_column(_part_of("cells.id"), index=True)
    version_id: Mapped[str] = mapped_column(_part_of("versions.id"), index=True)
    sha256: Mapped[str]
    kernel_id: Mapped[str]
    upstream: Mapped[dict[str, Any]]
    status: Mapped[str] = mapped_column(index=True)
    limit: Mapped[str]
    message: Mapped[str]
    execution_count: Mapped[int | None]
    outputs: Mapped[list[dict[str, Any]]] = mapped_column(PackedJson)
    failure: Mapped[dict[str, Any] | None] = mapped_column(PackedJson)
    started_at: Mapped[datetime | None]
    milliseconds: Mapped[float | None]


class CellTestRow(Identified):
    """See `records.CellTest`."""

    __tablename__ = "tests"
    __table_args__ = (UniqueConstraint("cell_id", "number"),)
    kind = "test"

    cell_id: Mapped[str] = mapped_column(_part_of("cells.id"))
    number: Mapped[int]
    call: Mapped[str]
    expected: Mapped[str]
    standing: Mapped[str]
    origin: Mapped[str]
    turn_id: Mapped[str | None] = mapped_column(_points_to("turns.id"), index=True)
    created_at: Mapped[datetime]


class VerdictRow(Table):
    """See `records.KeptVerdict`; the newest one of a test and a version."""

    __tablename__ = "verdicts"
    __table_args__ = (UniqueConstraint("test_id", "version_id"),)
    kind = "verdict"

    test_id: Mapped[str] = mapped_column(_part_of("tests.id"))
    version_id: Mapped[str] = mapped_column(_part_of("versions.id"), index=True)
    sha256: Mapped[str]
    passed: Mapped[bool]
    actual: Mapped[str]
    detail: Mapped[str]
    created_at: Mapped[datetime]


class CandidateRow(Identified):
    """See `records.Candidate`."""

    __tablename__ = "candidates"
    __table_args__ = (UniqueConstraint("turn_id", "place"),)
    kind = "candidate"

    turn_id: Mapped[str] = mapped_column(_part_of("turns.id"))
    place: Mapped[int]
    source: Mapped[str]
    prose: Mapped[str]
    status: Mapped[str]
    rank: Mapped[int | None]
    verdicts: Mapped[dict[str, Any]] = mapped_column(PackedJson)
    sampling: Mapped[dict[str, Any]]
    tokens_out: Mapped[int | None]
    seconds: Mapped[float | None]
    version_id: Mapped[str | None] = mapped_column(_points_to("versions.id"), index=True)


class SlotRowRow(Identified):
    """See `records.SlotRow`."""

    __tablename__ = "slot_rows"
    kind = "row"

    session_id: Mapped[str] = mapped_column(_part_of("sessions.id"), index=True)
    inputs: Mapped[dict[str, Any]]
    expected: Mapped[str]
    result: Mapped[dict[str, Any] | None] = mapped_column(PackedJson)


class ShareRow(Table):
    """See `records.Share`."""

    __tablename__ = "shares"
    kind = "share"

    token: Mapped[str] = mapped_column(unique=True)
    session_id: Mapped[str] = mapped_column(_part_of("sessions.id"), index=True)
    document: Mapped[dict[str, Any]] = mapped_column(PackedJson)
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
