"""Who is told of changes, and that nobody who reads meanwhile sees work go backwards."""

import asyncio
import threading
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from conftest import OWNER, STRANGER, Stage

from app.session import Changes, Feed
from app.ui import view


def awaited(work: Coroutine[Any, Any, Any]) -> Any:
    """What the coroutine returns, run in a thread of its own: a browser's loop may be running in this one."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, work).result()


LINES = "".join(f"x_{n} = {n}\n" for n in range(60))


def test_changes_are_gathered_until_they_are_read() -> None:
    async def read() -> Changes | None:
        feed = Feed()
        with feed.watch("s", OWNER) as watch:
            feed.tell("s", Changes(turns={"t"}))
            feed.tell("s", Changes(cells={"c"}, kernel=True))
            feed.tell("other", Changes(records=True))
            return await watch.next(60)

    assert awaited(read()) == Changes(turns={"t"}, cells={"c"}, kernel=True)


def test_silence_ends_after_the_time_given() -> None:
    async def read() -> Changes | None:
        with Feed().watch("s", OWNER) as watch:
            return await watch.next(0.01)

    assert awaited(read()) is None


def test_an_owners_list_is_told_to_that_owner_alone() -> None:
    async def read() -> list[Changes | None]:
        feed = Feed()
        with feed.watch("s", OWNER) as mine, feed.watch("s", STRANGER) as theirs:
            feed.tell_owner(OWNER)
            return [await mine.next(60), await theirs.next(0.01)]

    assert awaited(read()) == [Changes(sessions=True), None]


def test_everybody_is_told_of_the_model() -> None:
    async def read() -> list[Changes | None]:
        feed = Feed()
        with feed.watch("s", OWNER) as one, feed.watch("t", STRANGER) as two:
            feed.tell_all(Changes(engine=True))
            return [await one.next(60), await two.next(60)]

    assert awaited(read()) == [Changes(engine=True)] * 2


def test_a_watcher_whose_loop_has_ended_keeps_no_news_from_others() -> None:
    feed = Feed()

    async def leave() -> None:
        feed.watch("s", OWNER).__enter__()

    async def read() -> Changes | None:
        with feed.watch("s", OWNER) as watcher:
            feed.tell("s", Changes(records=True))
            return await watcher.next(60)

    awaited(leave())
    assert awaited(read()) == Changes(records=True)


def test_no_reader_sees_an_answer_shrink_or_lose_its_end(stage: Stage) -> None:
    session, ended, seen = stage.session(), threading.Event(), list[tuple[int, str]]()

    def read() -> None:
        while not ended.is_set():
            snapshot = stage.playground.snapshot(OWNER, session)
            for cell in snapshot.cells[:1]:
                shown = view.cell(snapshot, cell)
                seen.append((len(shown["source"]), shown["version"]["status"]))

    reader = threading.Thread(target=read)
    reader.start()
    stage.ask(session, "Write many names", f"```python\n{LINES}```\nThey are many.")
    ended.set()
    reader.join()
    assert seen == sorted(seen, key=lambda at: (at[0], at[1] == "whole"))


def test_a_run_that_has_ended_is_never_shown_as_running(stage: Stage) -> None:
    session = stage.session()
    cell = stage.add(session, "print('there')")
    for _ in range(5):
        run = stage.run(session, cell).runs[cell]
        assert (run.status, run.outputs[0]["text"]) == ("ok", "there\n")
    stage.kernels.close(session)
