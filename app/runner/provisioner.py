"""How Jupyter starts a sealed kernel: a KernelProvisioner that runs our bootstrap with a clean environment."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from jupyter_client.provisioning.local_provisioner import LocalProvisioner
from traitlets import Dict, Integer, Unicode
from traitlets import List as ListOf

from . import bubblewrap
from .home import Home
from .limits import Limits

NEWEST_LANDLOCK = 99
PRELOAD = ("numpy", "pandas", "matplotlib.pyplot")
CODE = Path(__file__).resolve().parent
START = "import sys; sys.path.insert(0, {folder!r}); from sealed import kernel; kernel.main()"


class SealedProvisioner(LocalProvisioner):
    """Starts a kernel in its own scratch folder; the launch methods mirror `subprocess.Popen`.

    Any Jupyter tool may use it: it is registered as `sealed-provisioner`. The traits may be set in a kernel
    specification under `metadata.kernel_provisioner.config`.
    """

    scratch = Unicode(help="folder the kernel may write to; a new one if empty").tag(config=True)
    limits = Dict(help="fields of app.runner.limits.Limits that differ from the default").tag(config=True)
    uid = Integer(None, allow_none=True, help="user to become; only root can").tag(config=True)
    landlock = Integer(NEWEST_LANDLOCK, help="newest Landlock ABI to use; 0 for none").tag(config=True)
    preload = ListOf(Unicode(), list(PRELOAD), help="modules imported before the first run").tag(config=True)

    _home: Home | None = None
    _inside: bubblewrap.Inside | None = None

    async def pre_launch(self, **kwargs: Any) -> dict[str, Any]:  # noqa: ANN401 - as the base class has it
        """Called by `KernelManager.pre_start_kernel`: replaces command, environment and working folder."""
        if not self.scratch:
            self._move_in()
        kwargs = await super().pre_launch(**kwargs)
        if self.uid is not None:
            os.chown(self._connection_file(), self.uid, self.uid)
        kwargs["cmd"] = self._command(os.getpid())
        kwargs["env"] = environment(self.scratch)
        kwargs["cwd"] = self.scratch
        return kwargs

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> Any:  # noqa: ANN401 - as the base class has it
        """Called by `KernelManager.launch_kernel`: the process gets no file of ours but the ends of /dev/null."""
        nothing = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL}
        kwargs = {"stderr": subprocess.DEVNULL, **kwargs, **nothing}
        wrapper = bubblewrap.wrapper([self.scratch, str(Path(self._connection_file()).parent)])
        if wrapper is not None:
            told = await super().launch_kernel([*wrapper, *self._command(bubblewrap.PARENT)], **kwargs)
            if await self._found_inside():
                return told
        return await super().launch_kernel(cmd, **kwargs)

    async def send_signal(self, signum: int) -> None:
        """Called by the base class and by `KernelManager`: the signal goes to the kernel itself."""
        if self._inside is None:
            await super().send_signal(signum)
        elif self.process is not None:
            self._inside.send(signum)

    async def wait(self) -> int | None:
        """Called by `KernelManager.kill_kernel`; polls faster than the base class, as a kill takes milliseconds."""
        while self.process is not None and self.process.poll() is None:  # noqa: ASYNC110 - a process has no event
            await asyncio.sleep(0.005)
        self._leave_inside()
        return await super().wait()

    async def cleanup(self, restart: bool = False) -> None:  # noqa: FBT001, FBT002 - as the base class has it
        """Called by `KernelManager.cleanup_resources`: the folders made here go with the kernel."""
        await super().cleanup(restart=restart)
        if self._home is not None and not restart:
            self._home.remove()
            self._home, self.scratch = None, ""

    def _move_in(self) -> None:
        """Started by another Jupyter tool: make folders, and have it talk to the kernel over sockets in them."""
        assert self.parent is not None
        self._home = Home()
        self.scratch, self.uid = str(self._home.scratch), self._home.uid
        self.parent.transport, self.parent.ip = "ipc", str(self._home.sockets / "k")
        self.parent.connection_file = str(self._home.sockets / "connection.json")

    def _command(self, parent: int) -> list[str]:
        """Starts the kernel as a child of the process that it sees as number `parent`."""
        options = {
            "scratch": self.scratch,
            "limits": asdict(Limits()) | dict(self.limits),
            "preload": list(self.preload),
            "uid": self.uid,
            "parent": parent,
            "landlock": self.landlock,
        }
        start = START.format(folder=str(CODE))
        return [sys.executable, "-I", "-c", start, self._connection_file(), json.dumps(options)]

    async def _found_inside(self) -> bool:
        """Wait until bubblewrap has started the kernel; false if it ended instead, and the kernel can do without."""
        while self.process is not None and self.process.poll() is None:
            self._inside = bubblewrap.Inside.of(self.process.pid)
            if self._inside is not None:
                self.pid = self._inside.pid
                return True
            await asyncio.sleep(0.002)
        return False

    def _leave_inside(self) -> None:
        if self._inside is not None:
            self._inside.close()
            self._inside = None

    def _connection_file(self) -> str:
        assert self.parent is not None
        return str(self.parent.connection_file)

    @property
    def exit_code(self) -> int | None:
        """Exit status of the process, negative for a signal; None while it runs."""
        code = None if self.process is None else self.process.poll()
        return code if self._inside is None else bubblewrap.exit_code(code)

    def interrupt(self) -> None:
        """Send SIGINT, which becomes KeyboardInterrupt in the cell that runs."""
        if self._inside is not None:
            self._inside.send(signal.SIGINT)
        elif self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)


def environment(scratch: str) -> dict[str, str]:
    """The whole environment of a sealed process; nothing is inherited from ours."""
    return {
        "HOME": scratch,
        "JOBLIB_MULTIPROCESSING": "0",
        "IPYTHONDIR": f"{scratch}/.ipython",
        "LANG": "C.UTF-8",
        "MALLOC_ARENA_MAX": "2",
        "MKL_NUM_THREADS": "1",
        "MPLBACKEND": "module://matplotlib_inline.backend_inline",
        "MPLCONFIGDIR": f"{scratch}/.matplotlib",
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "PATH": "/usr/bin:/bin",
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
        "TMPDIR": scratch,
    }
