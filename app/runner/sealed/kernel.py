"""Starts ipykernel inside the sealed process: `python -I -c START <connection file> <options as JSON>`."""

import importlib
import json
import os
import sys
from typing import Any

from . import rlimits


def main() -> None:
    """Read the options, take the limits on, preload, serve until killed."""
    connection_file, options = sys.argv[1], json.loads(sys.argv[2])
    del sys.argv[1:]
    os.umask(0o077)
    rlimits.apply(options["limits"])
    os.chdir(options["scratch"])
    preload(options["preload"])
    app = application(connection_file)
    app.start()


def preload(modules: list[str]) -> None:
    """Import what most cells need, so that the first run does not wait for it."""
    for name in modules:
        importlib.import_module(name)


def application(connection_file: str) -> Any:  # noqa: ANN401 - ipykernel ships no types
    """An initialised ipykernel application: its sockets are bound, its threads run."""
    from ipykernel.iostream import IOPubThread
    from ipykernel.kernelapp import IPKernelApp

    from .shell import CellKernel

    class Application(IPKernelApp):
        """IPKernelApp without what a sealed kernel cannot or must not do."""

        kernel_class = CellKernel

        def write_connection_file(self, **kwargs: Any) -> None:  # noqa: ANN401
            """The connection file was written by the parent and is only read here."""

        def cleanup_connection_file(self) -> None:
            """The parent removes it."""

    # For the output of child processes, which there will be none of, ipykernel would listen on a TCP port.
    IOPubThread._setup_pipe_in = no_pipe  # type: ignore[method-assign]  # noqa: SLF001
    app = Application.instance()
    app.initialize(  # type: ignore[no-untyped-call]
        [
            "-f",
            connection_file,
            "--HistoryManager.enabled=False",
            "--InteractiveShell.colors=nocolor",
            "--InteractiveShell.xmode=Plain",
        ]
    )
    return app


def no_pipe(thread: Any) -> None:  # noqa: ANN401
    """Takes the place of `IOPubThread._setup_pipe_in`: no listening for child processes."""
    thread._pipe_flag = False  # noqa: SLF001
