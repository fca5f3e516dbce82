"""The provisioner in the hands of another Jupyter tool."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import zmq
from jupyter_client.blocking import BlockingKernelClient
from jupyter_client.manager import KernelManager
from jupyter_core.utils import ensure_event_loop

from app.runner.process import OneSpec
from app.runner.provisioner import SealedProvisioner


def ask(client: BlockingKernelClient, source: str) -> str:
    told = client.execute_interactive(source, allow_stdin=False, store_history=False, output_hook=lambda _: None)
    return str(told["content"].get("ename") or told["content"]["status"])


def in_its_own_thread(work: Callable[[], None]) -> None:
    """Jupyter's client wants a loop of its thread; in the main one Playwright's may be running."""
    with ThreadPoolExecutor(1) as thread:
        thread.submit(work).result()


def test_any_kernel_manager_starts_a_sealed_kernel_and_leaves_nothing() -> None:
    in_its_own_thread(start_and_stop)


def start_and_stop() -> None:
    context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
    manager = KernelManager(kernel_name="sealed", kernel_spec_manager=OneSpec(), context=context)
    provisioner = SealedProvisioner(kernel_id="k", kernel_spec=manager.kernel_spec, parent=manager, preload=[])
    manager.provisioner = provisioner
    manager.start_kernel()
    scratch = Path(provisioner.scratch)
    client = manager.client()
    client.start_channels()
    try:
        client.wait_for_ready(timeout=60)
        assert ask(client, "open('f', 'w').write('x')") == "ok"
        assert (scratch / "f").read_text() == "x"
        assert ask(client, "open('/etc/passwd')") == "PermissionError"
        assert ask(client, "import socket; socket.socket()") == "PermissionError"
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
        context.destroy(linger=0)
        ensure_event_loop().close()
    assert not scratch.exists()
