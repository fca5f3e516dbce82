"""Composition root: read the settings, build the parts, serve the page."""

import signal
import sys

from app.parts import CannotStart, assembled
from app.settings import Settings, WrongSettings
from app.ui.serve import CannotServe, serve
from model.errors import ModelError
from storage.errors import StorageError


def main() -> None:
    """Serve until told to end; exits with 1 and a message on standard error where that is not possible."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        settings = Settings.from_env()
        with assembled(settings) as playground:
            serve(
                playground, title=settings.title, host=settings.host, port=settings.port, evaluations=settings.results
            )
    except (CannotStart, CannotServe, ModelError, StorageError, WrongSettings) as error:
        sys.exit(f"CodeGen Playground cannot start. {error}")
    except KeyboardInterrupt:
        pass


if __name__ == "__main__":
    main()
