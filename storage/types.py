"""Column types: text that every database can hold, times in UTC, JSON, and JSON that is compressed when large."""

import json
import re
import zlib
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import DateTime, Dialect, LargeBinary, Text, TypeDecorator

from storage.errors import DatabaseCorrupt, InvalidText, InvalidValue

# PostgreSQL has no NUL in text and SQLite's functions stop at one; a lone surrogate has no UTF-8.
_UNSTORABLE = re.compile("[\0\ud800-\udfff]")
_PACKED = b"z"  # no JSON text begins with it
_PACK_FROM = 4096  # bytes; a smaller value is one database page anyway and stays readable
_PACK_LEVEL = 3  # on figures, text and code at most 14 % larger than level 6, in two thirds of its time or less


def check_text(text: str) -> str:
    """Give `text` back if every database can hold it, else raise `InvalidText`."""
    if found := _UNSTORABLE.search(text):
        raise InvalidText(found[0], found.start())
    return text


class CheckedText(TypeDecorator[str]):
    """Text of any length without NUL and lone surrogates; those raise `InvalidText`."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:  # noqa: ARG002 - SQLAlchemy gives it
        """Refuse what one of the databases could not hold."""
        return None if value is None else check_text(value)


class UtcDateTime(TypeDecorator[datetime]):
    """An aware time, kept in UTC to the microsecond; a naive one raises `InvalidValue`."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Convert to UTC; SQLite, which has no zones, gets the time without its zone."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise InvalidValue(f"The time {value} has no time zone. Give it one, for example UTC.")
        utc = value.astimezone(UTC)
        return utc.replace(tzinfo=None) if dialect.name == "sqlite" else utc

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Give the zone back."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if dialect.name == "sqlite" else value.astimezone(UTC)


class JsonText(TypeDecorator[Any]):
    """A small JSON value as text, any character escaped, so that NUL and lone surrogates return as they were."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: object, dialect: Dialect) -> str | None:  # noqa: ARG002 - SQLAlchemy gives it
        """Write JSON."""
        return None if value is None else _dumps(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:  # noqa: ANN401 - JSON
        """Read JSON."""
        return None if value is None else _loads(value, dialect)


class PackedJson(TypeDecorator[Any]):
    """A JSON value of any size as bytes: plain when small, else `z` and the zlib stream of the JSON."""

    impl = LargeBinary
    cache_ok = True

    def process_bind_param(self, value: object, dialect: Dialect) -> bytes | None:  # noqa: ARG002 - SQLAlchemy gives it
        """Write JSON, compressed if it is large."""
        if value is None:
            return None
        plain = _dumps(value).encode()
        return plain if len(plain) < _PACK_FROM else _PACKED + zlib.compress(plain, _PACK_LEVEL)

    def process_result_value(self, value: bytes | None, dialect: Dialect) -> Any:  # noqa: ANN401 - JSON
        """Read JSON, compressed or not."""
        if value is None:
            return None
        return _loads(_unpacked(value, dialect) if value[:1] == _PACKED else value, dialect)


def _dumps(value: object) -> str:
    try:
        return json.dumps(value, separators=(",", ":"))
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidValue(f"A value cannot be stored as JSON: {error}. Give plain dictionaries and lists.") from error


def _unpacked(value: bytes, dialect: Dialect) -> bytes:
    try:
        return zlib.decompress(value[1:])
    except zlib.error as error:
        raise DatabaseCorrupt(dialect.name, f"a compressed value does not open: {error}") from error


def _loads(value: str | bytes, dialect: Dialect) -> Any:  # noqa: ANN401 - JSON
    try:
        return json.loads(value)
    except ValueError as error:
        raise DatabaseCorrupt(dialect.name, f"a value is no JSON: {error}") from error
