"""What actions are given, and what they answer: a browser's values are held to these."""

from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import Field

Json = dict[str, Any]
Id = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9_-]+$")]
Target = Annotated[str, Field(max_length=64, pattern=r"^[A-Za-z0-9_-]+$")]
FileName = Annotated[str, Field(min_length=1, max_length=500)]
Source = Annotated[str, Field(max_length=1_000_000)]
Keys = Annotated[Sequence[Annotated[str, Field(max_length=200)]], Field(max_length=200)]
Name = Annotated[str, Field(max_length=60, pattern=r"^[A-Za-z_]\w*$")]
Inputs = Annotated[dict[Name, str | int | float | bool | list[Any] | dict[str, Any] | None], Field(max_length=30)]
Side = Annotated[str, Field(max_length=10_000)]  # of a test: its call, or what is expected
