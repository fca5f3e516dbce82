"""Starts ipykernel inside the sealed process: `python -I -c START <connection file> <options as JSON>`.

The order matters. Another user and resource limits come first; Landlock, which binds a thread and those it starts,
before there is a second thread; the sockets are bound by ipykernel; then seccomp closes for all threads at once what
is not needed any more: new sockets, programs, processes.
"""

import importlib
import json
import os
import sys
from typing import Any

from . import identity, landlock, places, rlimits, seccomp
from .policy import KERNEL_POLICY

CONNECT_SECONDS = 30.0


def main() -> None:
    """Read the options, seal this process, serve until killed."""
    connection_file, options = sys.argv[1], json.loads(sys.argv[2])
    del sys.argv[1:]
    code = sys.path.pop(0)
    confine(options, os.path.dirname(connection_file), code)  # noqa: PTH120 - pathlib is not needed for this
    preload(options["preload"])
    app = application(connection_file)
    seccomp.load(KERNEL_POLICY, all_threads=True)
    app.start()


def confine(options: dict[str, Any], sockets: str, code: str) -> None:
    """Everything but seccomp: user, limits, files."""
    if options["uid"] is not None:
        identity.become(options["uid"], [sys.prefix, sys.base_prefix, code, options["scratch"], sockets])
    os.umask(0o077)
    identity.die_with(options["parent"])
    rlimits.apply(options["limits"])
    version = min(landlock.abi(), options["landlock"])
    if version:
        own = landlock.Grant(sockets, landlock.BIND_SOCKETS)
        here = landlock.Grant(code, landlock.READ)
        landlock.restrict([*places.grants(options["scratch"]), own, here], version)
    os.chdir(options["scratch"])


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

        def write_connection_file(self, **kwargs: Any) -> None:  # noqa: ANN401 - as the base class has it
            """The connection file was written by the parent and is only read here."""

        def cleanup_connection_file(self) -> None:
            """The parent removes it."""

    # For the output of child processes, which there will be none of, ipykernel would listen on a TCP port.
    IOPubThread._setup_pipe_in = no_pipe  # type: ignore[method-assign]  # noqa: SLF001
    app = Application.instance()
    app.initialize(  # type: ignore[no-untyped-call]  # traitlets has no types
        [
            "-f",
            connection_file,
            "--HistoryManager.enabled=False",
            "--InteractiveShell.colors=nocolor",
            "--InteractiveShell.xmode=Plain",
            "--IPKernelApp.outstream_class=sealed.stream.CellStream",
            "--Session.packer=sealed.wire.pack",
        ]
    )
    let_flushes_wait(app, os.path.dirname(connection_file))  # noqa: PTH120 - as above
    return app


def let_flushes_wait(app: Any, sockets: str) -> None:  # noqa: ANN401 - IPKernelApp has no types
    """Give the streams what they wait for when they are flushed, before new sockets are forbidden."""
    from .stream import CellStream, RoundTrip

    CellStream.trip = RoundTrip(app.context, f"ipc://{sockets}/trip")
    CellStream.trip.make(CONNECT_SECONDS)


def no_pipe(thread: Any) -> None:  # noqa: ANN401 - nor has IOPubThread
    """Takes the place of `IOPubThread._setup_pipe_in`: no listening for child processes."""
    thread._pipe_flag = False  # noqa: SLF001 - it offers no other way
