"""What the environment decides, read once at the start and handed to the parts."""

from hashlib import sha256
from pathlib import Path
from typing import Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, HttpUrl, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

ROOT = Path(__file__).resolve().parent.parent


class WrongSettings(Exception):
    """The environment holds values that cannot be meant; the text names each variable with its value and its fault."""

    def __init__(self, error: ValidationError) -> None:
        faults = [f"{_variable(its['loc'])}={its['input']!r}: {its['msg']}." for its in error.errors()]
        super().__init__(" ".join([*faults, "Change or unset it, then start again."]))


class Settings(BaseSettings):
    """Settings of one server; every field is the environment variable `PLAYGROUND_<NAME>`.

    `DATABASE_URL` and those of the remote engine are read without the prefix, as hosting platforms set them.
    """

    model_config = SettingsConfigDict(env_prefix="PLAYGROUND_", env_ignore_empty=True, extra="ignore")

    host: str = Field("127.0.0.1", description="address to listen on")
    port: int = Field(7860, ge=0, le=65535, description="TCP port; 0 takes any free one")
    data: Path = Field(ROOT / "data", description="folder of the database and the converted models")
    database_url: str | None = Field(None, validation_alias="DATABASE_URL", description="SQLAlchemy URL")
    model: str | None = Field(None, description="catalogue id, hub id or folder; chosen by free memory if unset")
    weights: Path | None = Field(None, description="folder that may already hold the official weight files")
    script: Path | None = Field(None, description="JSON file of replies for the scripted engine, instead of a model")
    engine_url: HttpUrl | None = Field(
        None, validation_alias="ENGINE_URL", description="OpenAI-compatible server that answers instead of a model here"
    )
    engine_key: SecretStr = Field(SecretStr(""), validation_alias="ENGINE_KEY", description="its key")
    engine_model: str = Field("", validation_alias="ENGINE_MODEL", description="its name there; else the first listed")
    engine_style: Literal["chat", "codegen"] | None = Field(
        None, validation_alias="ENGINE_STYLE", description="how it is spoken to; else as the catalogue says, or chat"
    )
    engine_window: int | None = Field(
        None, ge=512, validation_alias="ENGINE_WINDOW", description="tokens it holds; else as the server says"
    )
    price_per_hour: float | None = Field(
        None, ge=0, allow_inf_nan=False, description="what the machine costs, in any currency; shown with every answer"
    )
    title: str = Field("CodeGen Playground", description="name on the page")

    @classmethod
    def from_env(cls) -> Self:
        """Read the environment; wrong values raise `WrongSettings`."""
        try:
            return cls()
        except ValidationError as error:
            raise WrongSettings(error) from error

    @property
    def database(self) -> str:
        """The database's SQLAlchemy URL: the one given, else SQLite in the data folder."""
        return self.database_url or self._own_database

    @property
    def _own_database(self) -> str:
        return f"sqlite:///{self.data / 'playground.db'}"

    @property
    def kept(self) -> Path:
        """Where the files are that people keep with their sessions: each database knows its own sessions alone."""
        if self.database == self._own_database:
            return self.data / "files"
        place = urlsplit(self.database)._replace(query="", fragment="")
        place = place._replace(netloc=place.netloc.rpartition("@")[2])  # whoever changes a password keeps the files
        return self.data / f"files-{sha256(place.geturl().encode()).hexdigest()[:16]}"

    @property
    def results(self) -> Path:
        """Where the evaluations are that the results page shows."""
        return ROOT / "benchmarks" / "results"

    @property
    def models(self) -> Path:
        """Where weights are kept, fetched and converted."""
        return self.data / "models"


def _variable(location: tuple[int | str, ...]) -> str:
    """The environment variable of a field, which pydantic tells by its alias where it has one."""
    name = str(location[0])
    return f"PLAYGROUND_{name.upper()}" if name in Settings.model_fields else name
