"""The operating-system side of one kernel: its folders, its process, its end."""

import secrets
import signal
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
from jupyter_client.manager import KernelManager
from jupyter_core.utils import ensure_event_loop

from .errors import KernelStartFailed
from .home import Home
from .limits import Limits
from .provisioner import SealedProvisioner
from .setting import Setting
from .usage import ProcessUse, process_use

if TYPE_CHECKING:
    import zmq

LAST_WORDS = 2000


class OneSpec(KernelSpecManager):
    """Knows one kernel specification and looks for none on disk."""

    def get_kernel_spec(self, kernel_name: str) -> KernelSpec:
        """Called by `KernelManager.kernel_spec`."""
        metadata = {"supported_encryption": "curve"}
        return KernelSpec(argv=["python"], display_name=kernel_name, language="python", metadata=metadata)


class KernelProcess:
    """A kernel's process in folders of its own: `scratch` for the cells, another for its sockets."""

    def __init__(
        self, limits: Limits, preload: Sequence[str], context: "zmq.Context[zmq.Socket[bytes]]", setting: Setting
    ) -> None:
        self._home = Home()
        self.scratch, self.relay = self._home.scratch, self._home.relay
        self.id = secrets.token_hex(16)
        self.manager = KernelManager(
            kernel_name="sealed",
            kernel_spec_manager=OneSpec(),
            connection_file=str(self._home.sockets / "connection.json"),
            transport="ipc",
            ip=str(self._home.sockets / "k"),
            context=context,
            transport_encryption="required",
        )
        self.provisioner = SealedProvisioner(
            kernel_id=self.id,
            kernel_spec=self.manager.kernel_spec,
            parent=self.manager,
            scratch=str(self.scratch),
            limits=asdict(limits),
            preload=list(preload),
            uid=self._home.uid,
            landlock=setting.landlock,
        )
        self.manager.provisioner = self.provisioner

    @property
    def address(self) -> str:
        """The path its sockets' names begin with."""
        return str(self.manager.ip)

    def start(self) -> None:
        """Start the process; it is ready only when it answers."""
        with (self._home.path / "errors").open("wb") as errors:
            try:
                self.manager.start_kernel(stderr=errors)
            finally:
                ensure_event_loop().close()  # jupyter_client made it for this thread

    @property
    def pid(self) -> int:
        """Process id."""
        assert self.provisioner.pid is not None
        return self.provisioner.pid

    @property
    def uid(self) -> int | None:
        """The user it runs as; None for ours."""
        return self._home.uid

    @property
    def alive(self) -> bool:
        """Whether the process runs."""
        return self.provisioner.has_process and self.provisioner.exit_code is None

    def use(self) -> ProcessUse | None:
        """What it uses now; None once it is gone."""
        return process_use(self.pid)

    def interrupt(self) -> None:
        """Raise KeyboardInterrupt in the running cell."""
        self.provisioner.interrupt()

    def kill(self) -> None:
        """End the process and wait for it; harmless if it is gone."""
        try:
            self.manager.shutdown_kernel(now=True)
        finally:
            ensure_event_loop().close()

    def remove(self) -> None:
        """Remove its folders."""
        self._home.remove()

    def epitaph(self) -> str:
        """One sentence on how the process ended."""
        code = self.provisioner.exit_code
        if code is not None and code < 0:
            return f"The kernel process was ended by {signal.Signals(-code).name}."
        return "The kernel process ended by itself."

    def start_failure(self) -> KernelStartFailed:
        """The error for a process that did not become ready, with the end of what it wrote."""
        words = (self._home.path / "errors").read_bytes()[-LAST_WORDS:].decode("utf-8", "replace").strip()
        return KernelStartFailed(f"The kernel did not start. {self.epitaph()} It wrote:\n{words or 'nothing'}")
