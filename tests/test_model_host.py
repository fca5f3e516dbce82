"""The host loads in the background, tells how far it is, and survives whatever a loader does."""

import threading
from collections.abc import Callable, Iterator

import pytest

from model import prompt as prompts
from model.catalogue import ModelEntry
from model.engine import Engine, Sampling
from model.errors import Cancelled, DoesNotFit, EngineNotReady, UnknownModel, WeightsUnreachable
from model.host import EngineHost, EngineStatus, HostState
from model.progress import Progress, Report
from model.prompt import PromptState
from model.scripted import ScriptedEngine

SMALL, LARGE = "smollm2-135m-instruct", "qwen2.5-coder-0.5b-instruct"


class Loader:
    """Loads scripted engines when it is allowed to, or fails as it is told."""

    def __init__(self) -> None:
        self.allowed = threading.Event()
        self.failure: Exception | None = None
        self.unreachable: Exception | None = None
        self.loaded: list[str] = []
        self.speed = 0.0

    def __call__(self, entry: ModelEntry, report: Report, cancel: threading.Event) -> Engine:
        report(Progress("fetching", 30, 120, 10.0))
        while not self.allowed.wait(0.01):
            if cancel.is_set():
                raise Cancelled("given up")
        if self.unreachable:
            raise self.unreachable
        report(Progress("loading"))
        if self.failure:
            raise self.failure
        self.loaded.append(entry.id)
        return ScriptedEngine(["one two three four five"], model_id=entry.id, tokens_per_second=self.speed)


@pytest.fixture
def loader() -> Loader:
    return Loader()


@pytest.fixture
def host(loader: Loader) -> Iterator[EngineHost]:
    host = EngineHost(loader)
    yield host
    host.close()


def wait_for(host: EngineHost, holds: Callable[[EngineStatus], bool]) -> EngineStatus:
    """Wait until a status of that kind is told."""
    came = threading.Event()
    forget = host.listen(lambda status: came.set() if holds(status) else None)
    if not holds(host.status()):
        assert came.wait(20)
    forget()
    return host.status()


def in_state(state: HostState, model_id: str = "") -> Callable[[EngineStatus], bool]:
    return lambda status: status.state == state and status.model_id.endswith(model_id)


def test_before_a_model_is_chosen_there_is_no_engine(host: EngineHost) -> None:
    assert host.status().state == "empty"
    with pytest.raises(EngineNotReady, match="Choose one"):
        host.engine()


def test_the_status_tells_how_far_the_download_is(host: EngineHost) -> None:
    host.use(SMALL)
    status = wait_for(host, in_state("fetching"))
    assert (status.done_bytes, status.total_bytes, status.bytes_per_second) == (30, 120, 10.0)
    assert status.seconds_left == 9
    assert "SmolLM2 135M Instruct" in status.message


def test_a_loaded_model_is_ready(host: EngineHost, loader: Loader) -> None:
    loader.allowed.set()
    host.use(SMALL)
    assert wait_for(host, in_state("ready")).model_name == "Scripted replies"
    assert host.engine().model_id == SMALL


def test_an_unknown_model_leaves_the_present_one(host: EngineHost, loader: Loader) -> None:
    loader.allowed.set()
    host.use(SMALL)
    wait_for(host, in_state("ready"))
    with pytest.raises(UnknownModel):
        host.use("nonsense")
    assert host.engine().model_id == SMALL


def test_a_failure_keeps_its_message_until_it_is_tried_again(host: EngineHost, loader: Loader) -> None:
    loader.failure = WeightsUnreachable("No source could be reached. Connect and try again.")
    loader.allowed.set()
    host.use(SMALL)
    assert wait_for(host, in_state("failed")).message == str(loader.failure)
    with pytest.raises(EngineNotReady, match="No source"):
        host.engine()
    loader.failure = None
    host.retry()
    assert wait_for(host, in_state("ready")).model_id == SMALL


def test_a_loader_that_breaks_in_an_unforeseen_way_is_a_failure_too(host: EngineHost, loader: Loader) -> None:
    loader.failure = ZeroDivisionError("unforeseen")
    loader.allowed.set()
    host.use(SMALL)
    assert "unforeseen" in wait_for(host, in_state("failed")).message


def test_choosing_another_model_gives_up_the_one_that_is_fetched(host: EngineHost, loader: Loader) -> None:
    host.use(SMALL)
    wait_for(host, in_state("fetching", SMALL))
    host.use(LARGE)
    wait_for(host, in_state("fetching", LARGE))
    loader.allowed.set()
    wait_for(host, in_state("ready", LARGE))
    assert loader.loaded == [LARGE]


def test_a_switch_unloads_the_present_model_and_loads_the_next(host: EngineHost, loader: Loader) -> None:
    loader.allowed.set()
    host.use(SMALL)
    wait_for(host, in_state("ready"))
    before = host.engine()
    host.use(LARGE)
    wait_for(host, in_state("ready", LARGE))
    assert host.engine() is not before


def test_the_speed_of_the_last_answer_is_told(host: EngineHost, loader: Loader) -> None:
    loader.speed = 200
    loader.allowed.set()
    host.use(SMALL)
    wait_for(host, in_state("ready"))
    engine, sampling = host.engine(), Sampling()
    list(engine.stream(prompts.build(PromptState("Say it"), engine, sampling), sampling, threading.Event()))
    assert host.status().tokens_per_second


def test_listeners_can_leave(host: EngineHost, loader: Loader) -> None:
    heard: list[str] = []
    forget = host.listen(lambda status: heard.append(status.state))
    forget()
    forget()
    loader.allowed.set()
    host.use(SMALL)
    wait_for(host, in_state("ready"))
    assert heard == []


def test_a_listener_that_breaks_does_not_stop_the_others(host: EngineHost, loader: Loader) -> None:
    def broken(status: EngineStatus) -> None:
        raise ValueError(status.state)

    host.listen(broken)
    loader.allowed.set()
    host.use(SMALL)
    assert wait_for(host, in_state("ready")).model_id == SMALL


def test_a_model_that_cannot_be_fetched_leaves_the_present_one(host: EngineHost, loader: Loader) -> None:
    loader.allowed.set()
    host.use(SMALL)
    wait_for(host, in_state("ready"))
    before = host.engine()
    loader.unreachable = WeightsUnreachable("No source could be reached. Connect and try again.")
    host.use(LARGE)
    status = wait_for(host, lambda its: its.state == "ready" and bool(its.failure))
    assert (status.model_id, status.failure) == (SMALL, str(loader.unreachable))
    assert host.engine() is before
    loader.unreachable = None
    host.use(LARGE)
    assert wait_for(host, in_state("ready", LARGE)).failure == ""


def test_going_back_while_another_is_fetched_needs_no_loading(host: EngineHost, loader: Loader) -> None:
    loader.allowed.set()
    host.use(SMALL)
    wait_for(host, in_state("ready"))
    before = host.engine()
    loader.allowed.clear()
    host.use(LARGE)
    wait_for(host, in_state("fetching", LARGE))
    host.use(SMALL)
    wait_for(host, in_state("ready", SMALL))
    assert host.engine() is before
    assert loader.loaded == [SMALL]


def test_the_present_model_is_unloaded_before_the_next_takes_its_memory(host: EngineHost, loader: Loader) -> None:
    loader.allowed.set()
    host.use(SMALL)
    wait_for(host, in_state("ready"))
    loader.failure = DoesNotFit("It needs 99 GB. Free some.")
    host.use(LARGE)
    assert wait_for(host, in_state("failed", LARGE)).message == str(loader.failure)
    with pytest.raises(EngineNotReady):
        host.engine()
