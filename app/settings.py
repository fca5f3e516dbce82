"""What the environment decides, read once at the start and handed to the parts."""

from pathlib import Path
from typing import Self

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

ROOT = Path(__file__).resolve().parent.parent


class Settings(BaseSettings):
    """Settings of one server; every field is the environment variable `PLAYGROUND_<NAME>`.

    `DATABASE_URL` is read without the prefix too, as hosting platforms set it.
    """

    model_config = SettingsConfigDict(env_prefix="PLAYGROUND_", env_ignore_empty=True, extra="ignore")

    host: str = Field("127.0.0.1", description="address to listen on")
    port: int = Field(7860, ge=0, le=65535, description="TCP port; 0 takes any free one")
    data: Path = Field(ROOT / "data", description="folder of the database and the converted models")
    database_url: str | None = Field(None, validation_alias="DATABASE_URL", description="SQLAlchemy URL")
    model: str | None = Field(None, description="catalogue id, hub id or folder; chosen by free memory if unset")
    weights: Path | None = Field(None, description="folder that may already hold the official weight files")
    script: Path | None = Field(None, description="JSON file of replies for the scripted engine, instead of a model")
    title: str = Field("CodeGen Playground", description="name on the page")

    @classmethod
    def from_env(cls) -> Self:
        """Read the environment; a wrong value raises `pydantic.ValidationError`, which names the variable."""
        return cls()

    @property
    def database(self) -> str:
        """The database's SQLAlchemy URL: the one given, else SQLite in the data folder."""
        return self.database_url or f"sqlite:///{self.data / 'playground.db'}"

    @property
    def kept(self) -> Path:
        """Where the files are that people keep with their sessions."""
        return self.data / "files"

    @property
    def models(self) -> Path:
        """Where weights are kept, fetched and converted."""
        return self.data / "models"
