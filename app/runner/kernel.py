"""One kernel and the thread that follows it: starts it, feeds it, drains it, holds it to its limits, ends it."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

import zmq

from .channels import NAMES, Channels, Message
from .errors import KernelStartFailed
from .events import Event, Finished, KernelState
from .keeping import Keeping
from .limits import Limits, sentence
from .orders import Orders
from .process import KernelProcess
from .run import Run
from .setting import Setting
from .watch import Watch

START_SECONDS = 60.0
TICK = 0.05
IDLE_TICK = 0.5
GRACE_AFTER_REPLY = 1.0
DYING_SECONDS = 0.3
DRAIN_SECONDS = 5.0


class Kernel:
    """A kernel and its thread. All methods may be called from any thread; one run at a time."""

    def __init__(
        self,
        limits: Limits,
        preload: Sequence[str],
        context: "zmq.Context[zmq.Socket[bytes]]",
        changed: Callable[[], None],
        setting: Setting,
    ) -> None:
        self._limits = limits
        self._process = KernelProcess(limits, preload, context, setting)
        self._changed = changed
        self._orders = Orders()
        self._run: Run | None = None
        self._end: str | None = None
        self._broken_at: float | None = None
        self._state: KernelState = "starting"
        self._ready = threading.Event()
        self._failure: KernelStartFailed | None = None
        self.message = ""
        self.keeping = Keeping(limits)
        self.used_at = time.monotonic()
        self._thread = threading.Thread(target=self._live, name=f"kernel-{self.id[:8]}", daemon=True)
        self._thread.start()

    @property
    def id(self) -> str:
        """Names this process; a replacement has another."""
        return self._process.id

    @property
    def scratch(self) -> Path:
        """The folder its cells work in."""
        return self._process.scratch

    @property
    def pid(self) -> int:
        """Process id."""
        return self._process.pid

    @property
    def address(self) -> str:
        """The path its sockets' names begin with."""
        return self._process.address

    @property
    def state(self) -> KernelState:
        """Starting, idle, running, asking, or none once it is gone."""
        return self._state

    @property
    def alive(self) -> bool:
        """Whether it can take a run now or later."""
        return self._state != "none" and self._end is None

    @property
    def memory(self) -> int:
        """Resident bytes; 0 once it is gone."""
        use = self._process.use() if self._state not in ("none", "starting") else None
        return use.memory if use else 0

    def wait_ready(self) -> None:
        """Wait until it takes runs.

        Raises:
            KernelStartFailed: with the end of what the process wrote.
        """
        self._ready.wait()
        if self._failure is not None:
            raise self._failure

    def execute(self, source: str, *, store_history: bool, allow_input: bool) -> Iterator[Event]:
        """Run a cell; the events end with `Finished`, whatever happens to the kernel."""
        run = Run(source, self._limits, self.id, store_history=store_history, allow_input=allow_input)
        self._orders.give(lambda: self._begin(run))
        try:
            while True:
                event = run.events.get()
                yield event
                if isinstance(event, Finished):
                    return
        finally:
            if not run.finished:
                self._abandon(run)

    def _abandon(self, run: Run) -> None:
        """The caller went away in the middle: the run is interrupted and waited for."""
        self.interrupt()
        while not isinstance(run.events.get(), Finished):
            pass

    def interrupt(self) -> None:
        """Interrupt the running cell: SIGINT, and a kill if that is not answered in time."""
        self._orders.give(self._interrupt)

    def answer(self, text: str) -> None:
        """Give the cell that asks the line it waits for."""
        self._orders.give(lambda: self._answer(text))

    def end(self, message: str) -> None:
        """Kill the process, wait for it and remove its folders. A run is told `message` as its end."""
        self._orders.give(lambda: self._stop(message))
        self._thread.join()

    def wait_end(self) -> None:
        """Wait until it is gone, for whatever reason."""
        self._thread.join()

    # What follows runs in the kernel's own thread.

    def _live(self) -> None:
        try:
            self._start()
            if self._failure is None:
                self._serve()
        except OSError as error:
            self._failure = KernelStartFailed(f"The kernel could not be started: {error}")
        finally:
            self._bury()

    def _start(self) -> None:
        self._process.start()
        self._poller = zmq.Poller()
        self._poller.register(self._orders.descriptor, zmq.POLLIN)
        self._channels = Channels(self._process.manager, self._process.relay, self._limits, self._poller)
        self._watch = Watch(self._process, self._limits)
        if self._await_answer():
            self._watch.idle()
            self._become("idle")
            self._ready.set()
        else:
            self._failure = self._process.start_failure()  # told once everything is taken down

    def _await_answer(self) -> bool:
        """Wait until iopub is subscribed and the kernel has answered a request."""
        self._channels.send("shell", "kernel_info_request", {})
        welcome = answered = False
        deadline = time.monotonic() + START_SECONDS
        while not (welcome and answered):
            if not self._process.alive or time.monotonic() > deadline or self._end is not None:
                return False
            self._poll(TICK)
            welcome |= any(m is not None and m.kind == "iopub_welcome" for _, m in self._channels.read("iopub"))
            answered |= any(m is not None for _, m in self._channels.read("shell"))
        return True

    def _serve(self) -> None:
        due = 0.0
        while self._end is None:
            self._poll(TICK if self._run else IDLE_TICK)
            for name in NAMES:
                for size, message in self._channels.read(name):
                    self._take(name, size, message)
            if time.monotonic() >= due:
                due = time.monotonic() + (TICK if self._run else IDLE_TICK)
                self._check()

    def _poll(self, seconds: float) -> None:
        self._channels.turn(self._poller.poll(int(1000 * seconds)))
        self._orders.take()

    def _take(self, name: str, size: int, message: Message | None) -> None:
        self._watch.received(size)
        run = self._run
        if run is None or message is None or message.parent_id != run.message_id:
            return
        if name == "iopub":
            run.on_iopub(message.kind, message.content)
        elif name == "shell" and message.kind == "execute_reply":
            run.on_reply(message.content)
        elif name == "stdin" and message.kind == "input_request":
            self._asked_by = message.header
            run.on_input_request(message.content)
            self._become("asking")
        if run.complete:
            self._end_run()

    def _check(self) -> None:
        """Once a tick: is it alive, within its limits, answering?"""
        if not self._process.alive:
            self._stop(self._process.epitaph())
            return
        run = self._run
        limit = self._watch.check(run) or self._cut_off()
        if limit is not None:
            self._hit(limit)
        elif run is not None and run.replied_for > GRACE_AFTER_REPLY:
            self._end_run()  # the end of its output was lost in a flood
        if run is not None and run.kill_at is not None and time.monotonic() > run.kill_at:
            self._stop("The kernel did not answer the interrupt and was replaced.")

    def _cut_off(self) -> str | None:
        """A connection that breaks while the process lives on was cut for a message that is too long."""
        if self._channels.disconnected():
            self._broken_at = self._broken_at or time.monotonic()
        if self._broken_at is None or time.monotonic() < self._broken_at + DYING_SECONDS:
            return None
        return "output" if self._channels.spent else "message_size"

    def _hit(self, limit: str) -> None:
        run = self._run
        self.message = sentence(limit, self._limits)
        if run is None or limit in ("message_size", "memory", "threads") or self._watch.overflowing:
            if run is not None:
                run.limit = run.limit or limit
            self._stop(self.message)
        elif run.limit is None:
            run.limit = limit
            self._interrupt()

    def _begin(self, run: Run) -> None:
        if self._end is not None:
            run.finish(died=self._end)
            return
        self._run = run
        self.message = ""
        self._watch.begin()
        self._channels.renew()
        self._become("running")
        run.began()
        content = {
            "code": run.source,
            "silent": False,
            "store_history": run.store_history,
            "user_expressions": {},
            "allow_stdin": run.allow_input,
            "stop_on_error": False,
        }
        run.message_id = self._channels.send("shell", "execute_request", content)

    def _interrupt(self) -> None:
        run = self._run
        if run is None or run.kill_at is not None:
            return
        run.interrupted = True
        run.kill_at = time.monotonic() + self._limits.interrupt
        self._process.interrupt()

    def _answer(self, text: str) -> None:
        if self._run is not None and self._run.asking:
            self._run.answered()
            self._channels.send("stdin", "input_reply", {"status": "ok", "value": text}, parent=self._asked_by)
            self._become("running")

    def _end_run(self) -> None:
        """The cell has ended. Where what it left behind is itself beyond a limit, the kernel cannot stay."""
        run = self._run
        beyond = self._watch.beyond(stored=run is not None and run.limit is not None)
        if run is None or beyond is None:
            self._finish_run()
            return
        run.limit = run.limit or beyond
        self.message = sentence(run.limit, self._limits)
        self._stop(self.message)

    def _finish_run(self, died: str | None = None) -> None:
        run, self._run = self._run, None
        if run is None:
            return
        self.used_at = time.monotonic()
        self._watch.idle()
        self._channels.renew()
        if died is None:
            self._become("idle")
        run.finish(died=died)

    def _stop(self, message: str) -> None:
        if self._end is None:
            self.message = self._end = message  # in this order: who sees that it has ended may ask why

    def _become(self, state: KernelState) -> None:
        self._state = state
        self._changed()

    def _bury(self) -> None:
        self._end = self._end or "The kernel did not start."
        self._process.kill()
        if hasattr(self, "_channels"):
            self._drain()
            self._channels.close()
        self._state = "none"
        self._finish_run(died=self._end)
        with suppress(OSError):  # the kept folder was removed just now, or its disk is full
            self.keeping.take(self.scratch)
        self._process.remove()
        self._orders.close()
        self._ready.set()
        self._changed()

    def _drain(self) -> None:
        """Take what the process had still sent: the output before a crash matters most."""
        deadline = time.monotonic() + DRAIN_SECONDS
        while self._run is not None and time.monotonic() < deadline:
            last = self._channels.exhausted
            self._poll(0.0 if last else TICK)
            messages = list(self._channels.read("iopub"))
            for size, message in messages:
                self._take("iopub", size, message)
            if last and not messages:
                return
