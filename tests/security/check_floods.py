"""However hard a cell floods, this process stays small; `make test-security` runs these files."""

import threading
from collections.abc import Iterator
from pathlib import Path
from resource import getpagesize

import pytest

from app.runner import Finished, Kernels, Limits

MOST = 200 << 20

FLOODS = {
    "one large print": "print('x' * (200 << 20))",
    "many prints": "while True: print('.', end='', flush=True)",
    "descriptor 1": "import os\nwhile True: os.write(1, b'x' * 65536)",
    "displays": "from IPython.display import display\nwhile True: display('x' * 1000)",
    "large displays": "while True: display({'text/plain': 'x' * 3_000_000}, raw=True)",
    "updates": "h = display('a', display_id=True)\nwhile True: h.update('b' * 10_000)",
    "clearing": "from IPython.display import clear_output\nwhile True: clear_output()",
    "large representation": "class R:\n    def __repr__(self): return 'x' * (100 << 20)\nR()",
    "large exception": "raise ValueError('x' * (50 << 20))",
    "one frame": "get_ipython().kernel.iopub_socket.send_multipart([b'x' * (300 << 20)])\nimport time; time.sleep(60)",
    "many frames": "s = get_ipython().kernel.iopub_socket\nwhile True: s.send_multipart([b'x' * (1 << 20)])",
    "many parts": "s = get_ipython().kernel.iopub_socket\nwhile True: s.send_multipart([b'x' * (3 << 20)] * 200)",
    "parts in replies": "k = get_ipython().kernel\n"
    "k.stdin_socket.send_multipart([k.session.bsession] + [b'x' * (3 << 20)] * 200)",
    "comms": "from ipykernel.comm import Comm\nwhile True: Comm(target_name='x', data={'i': 'y' * 10_000})",
    "questions": "import threading\nfor _ in range(100000): get_ipython().kernel.session.send("
    "get_ipython().kernel.stdin_socket, 'input_request', {'prompt': 'p' * 10000}, get_ipython().kernel.get_parent(), "
    "ident=get_ipython().kernel.get_parent()['header']['session'].encode())",
    "after the end": "import threading\ndef go():\n    while True: print('x' * 1000)\n"
    "threading.Thread(target=go).start()",
}


class Peak:
    """The largest resident size of this process, looked at every few milliseconds."""

    def __init__(self) -> None:
        self.base = self.largest = self._now()
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._look)
        self._thread.start()

    @staticmethod
    def _now() -> int:
        return int(Path("/proc/self/statm").read_text().split()[1]) * getpagesize()

    def _look(self) -> None:
        while not self._done.wait(0.005):
            self.largest = max(self.largest, self._now())

    def stop(self) -> int:
        self._done.set()
        self._thread.join()
        return self.largest - self.base


@pytest.fixture(scope="module")
def kernels() -> Iterator[Kernels]:
    runner = Kernels(Limits(wall=5.0, interrupt=1.0), preload=(), check=False)
    yield runner
    runner.shutdown()


@pytest.mark.parametrize("flood", FLOODS)
def test_memory_is_bounded(kernels: Kernels, flood: str) -> None:
    list(kernels.execute("flood", "1"))
    peak = Peak()
    for event in kernels.execute("flood", FLOODS[flood]):
        assert len(str(event)) < 6 << 20
    threading.Event().wait(1.0)
    grown = peak.stop()
    assert isinstance(event, Finished)
    assert grown < MOST, f"{grown >> 20} MB"
    kernels.close("flood")
