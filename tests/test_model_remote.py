"""The remote engine against a real server on a socket, which answers as it should and in every wrong way."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from engine_server import MODEL, EngineServer, Talk, answer, refusal

from model import prompt as prompts
from model.engine import Engine, PromptStyle, Sampling, TextStream
from model.errors import Cancelled, LoadingError
from model.greeting import RemoteLoader
from model.host import EngineHost
from model.prompt import PromptState, TargetCell
from model.reply import Reply, ReplyReader
from model.wire import Backoff, Server, Timeouts

SORT = "```python\ndef sort_list(numbers):\n    return sorted(numbers)\n```\nIt sorts."
USAGE = {"prompt_tokens": 120, "completion_tokens": 17}
REFINE = PromptState("Sort in place", TargetCell(1, "sort_list", "def sort_list(numbers):\n    return sorted(numbers)"))
SOON = Backoff(tries=3, first=0.01, longest=0.5)
PATIENT = Timeouts()

Connect = Callable[..., tuple[EngineServer, Engine]]


@pytest.fixture
def connect() -> Iterator[Connect]:
    """Starts a server and gives the engine that has got to know it."""
    with ExitStack() as stack:

        def begin(
            *plays: Callable[[Talk], None],
            style: PromptStyle | None = None,
            key: str = "",
            timeouts: Timeouts = PATIENT,
            **options: object,
        ) -> tuple[EngineServer, Engine]:
            server = stack.enter_context(EngineServer(key=key, **options).running())  # type: ignore[arg-type]
            engine = load(server, style=style, key=key, timeouts=timeouts)
            stack.callback(engine.close)
            server.plays.extend(plays)
            return server, engine

        yield begin


def load(
    server: EngineServer, *, style: PromptStyle | None = None, key: str = "", timeouts: Timeouts = PATIENT
) -> Engine:
    loader = RemoteLoader(Server(server.url, key, timeouts, SOON), style=style)
    return loader(loader.entry(), lambda _: None, threading.Event())


def ask(engine: Engine, state: PromptState | None = None, stop: threading.Event | None = None) -> TextStream:
    sampling = Sampling(seed=7, max_tokens=200)
    prompt = prompts.build(state or PromptState("Sort a list"), engine, sampling)
    return engine.stream(prompt, sampling, stop or threading.Event())


def told(engine: Engine, state: PromptState | None = None) -> Reply:
    """What the session makes of an answer."""
    prompt = prompts.build(state or PromptState("Sort a list"), engine, Sampling())
    reader = ReplyReader(prompt.begun, prompt.style)
    for piece in ask(engine, state):
        reader.feed(piece)
    return reader.finish()


# ---------- as it should be ----------


def test_an_answer_is_streamed_and_the_server_counts_its_tokens(connect: Connect) -> None:
    _, engine = connect(answer(SORT, USAGE))
    stream = ask(engine)
    assert "```python\n" + "".join(stream) == SORT
    outcome = stream.outcome
    assert (outcome.status, outcome.tokens_in, outcome.tokens_out, outcome.estimated) == ("done", 120, 17, False)
    assert outcome.first_token_seconds is not None
    assert engine.tokens_per_second


def test_without_usage_the_tokens_are_estimates_and_say_so(connect: Connect) -> None:
    _, engine = connect(answer(SORT))
    stream = ask(engine)
    list(stream)
    assert stream.outcome.estimated
    assert stream.outcome.tokens_in > 0
    assert 10 < stream.outcome.tokens_out < 60


def test_a_begun_answer_is_the_last_message_and_is_gone_on_with(connect: Connect) -> None:
    server, engine = connect(answer(SORT))
    assert told(engine, REFINE).code.startswith("def sort_list(numbers):")
    body = server.asked[-1].body
    assert [message["role"] for message in body["messages"]] == ["system", "user", "assistant"]
    assert body["messages"][-1]["content"] == "```python\ndef sort_list("
    assert (body["continue_final_message"], body["add_generation_prompt"]) == (True, False)
    assert (body["model"], body["seed"], body["stream"]) == (MODEL, 7, True)


@pytest.mark.parametrize("strict", [False, True])
def test_a_server_that_starts_anew_is_told_in_words_how_to_begin(connect: Connect, strict: bool) -> None:  # noqa: FBT001
    server, engine = connect(answer(SORT), continues=False, strict=strict)
    assert told(engine, REFINE).code == "def sort_list(numbers):\n    return sorted(numbers)"
    messages = server.asked[-1].body["messages"]
    assert [message["role"] for message in messages] == ["system", "user"]
    assert "`def sort_list`" in messages[0]["content"]


def test_code_without_any_fence_is_code_all_the_same(connect: Connect) -> None:
    _, engine = connect(answer("def f(x):\n    return x + 1"), continues=False)
    assert told(engine).code == "def f(x):\n    return x + 1"


def test_a_server_that_refuses_foreign_words_but_goes_on_is_asked_without_them(connect: Connect) -> None:
    server, engine = connect(answer(SORT), strict=True, knows=("stream_options",))
    assert told(engine, REFINE).code
    assert server.asked[-1].body["messages"][-1]["role"] == "assistant"
    assert "continue_final_message" not in server.asked[-1].body


def test_the_codegen_style_asks_for_the_text_to_go_on(connect: Connect) -> None:
    server, engine = connect(answer("def add(a, b):\n    return a + b\n\n# Next\nx = 1", size=3), style="codegen")
    assert told(engine, PromptState("Add two numbers")).code == "def add(a, b):\n    return a + b"
    talk = server.asked[-1]
    assert talk.path == "/v1/completions"
    assert talk.body["prompt"] == "# Add two numbers\n"
    assert len(talk.body["stop"]) == 4


def test_the_servers_word_on_the_window_counts(connect: Connect) -> None:
    assert connect(window=3000)[1].context_length == 3000


def test_an_answer_that_is_no_stream_is_taken_whole(connect: Connect) -> None:
    whole = '{"choices": [{"message": {"content": "def f(): pass\\n```"}, "finish_reason": "stop"}]}'
    assert "".join(ask(connect(lambda talk: talk.whole(whole))[1])) == "def f(): pass\n```"


def test_a_cut_by_the_limit_is_told(connect: Connect) -> None:
    def cut(talk: Talk) -> None:
        talk.say("x = ")
        talk.end("length")

    stream = ask(connect(cut)[1])
    assert ("".join(stream), stream.outcome.status) == ("x = ", "length")


def test_characters_that_python_takes_for_line_ends_do_not_break_an_event(connect: Connect) -> None:
    odd = "a\u2028b\x85c\x1cd"
    assert "".join(ask(connect(answer(odd, size=100))[1])) == odd


def test_several_answers_come_at_once(connect: Connect) -> None:
    everyone = threading.Barrier(4, timeout=60)

    def together(talk: Talk) -> None:
        talk.say("one ")
        everyone.wait()  # passes only while all four answers are under way
        talk.say("two")
        talk.end()

    _, engine = connect(*[together] * 4)
    texts: list[str] = []
    threads = [threading.Thread(target=lambda: texts.append("".join(ask(engine)))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert texts == ["one two"] * 4


@pytest.mark.parametrize("size", [1, 4, 999])
def test_what_a_model_thinks_aloud_is_no_answer(connect: Connect, size: int) -> None:
    thought = "<think>\n```python\nwrong = 1\n```\nNo: < sorted.\n</think>\n\n"
    _, engine = connect(answer(thought + SORT, size=size), continues=False)
    reply = told(engine)
    assert reply.code == "def sort_list(numbers):\n    return sorted(numbers)"
    assert reply.prose == "It sorts."


@pytest.mark.parametrize("text", ["<", "<th", "<thing>", " x < y", "a<think>b</think>"])
def test_what_only_looks_like_a_thought_is_kept(connect: Connect, text: str) -> None:
    assert "".join(ask(connect(answer(text, size=1))[1])) == text


# ---------- stopping ----------


def test_stop_closes_the_connection_and_keeps_what_came(connect: Connect) -> None:
    def endless(talk: Talk) -> None:
        while True:
            talk.say("word ")
            time.sleep(0.01)

    server, engine = connect(endless)
    stop = threading.Event()
    stream = ask(engine, stop=stop)
    came = [next(stream), next(stream)]
    stop.set()
    came += stream
    assert (len(came), stream.outcome.status) == (2, "stopped")
    assert server.asked[-1].left.wait(20)


def test_stop_does_not_wait_for_a_silent_server(connect: Connect) -> None:
    server, engine = connect(Talk.silence, answer(SORT))
    stop = threading.Event()
    stream = ask(engine, stop=stop)
    threading.Timer(0.2, stop.set).start()
    assert (list(stream), stream.outcome.status) == ([], "stopped")
    assert server.asked[-1].left.wait(20)
    assert told(engine).code


def test_a_reader_that_leaves_closes_the_connection(connect: Connect) -> None:
    def waits(talk: Talk) -> None:
        talk.say("one")
        talk.silence()

    server, engine = connect(waits)
    with ask(engine) as stream:
        next(stream)
    assert server.asked[-1].left.wait(20)


def test_closing_lets_running_answers_end(connect: Connect) -> None:
    going_on = threading.Event()

    def waits(talk: Talk) -> None:
        talk.say("one ")
        going_on.wait(20)
        talk.say("two")
        talk.end()

    server, _ = connect(waits)
    engine = load(server)
    stream = ask(engine)
    first = next(stream)
    closing = threading.Thread(target=engine.close)
    closing.start()
    going_on.set()
    assert first + "".join(stream) == "one two"
    closing.join(20)
    assert not closing.is_alive()
    assert "was left" in ask_late(engine).outcome.message


def ask_late(engine: Engine) -> TextStream:
    stream = ask(engine)
    assert list(stream) == []
    return stream


# ---------- misbehaviour ----------


def breaks_off(talk: Talk) -> None:
    talk.say("x = 1\n")
    talk.drop()


def ends_early(talk: Talk) -> None:
    talk.say("x = 1\n")
    talk.raw(b"0\r\n\r\n")


def stalls(talk: Talk) -> None:
    talk.say("x = 1\n")
    talk.silence()


def pings(talk: Talk) -> None:
    talk.say("x = 1\n")
    while True:
        talk.raw(b"8\r\n: ping\n\n\r\n")
        time.sleep(0.05)


def talks_nonsense(talk: Talk) -> None:
    talk.say("x = 1\n")
    talk.data("{not json")
    talk.silence()


def odd_shape(talk: Talk) -> None:
    talk.say("x = 1\n")
    talk.event({"choices": "none"})


def no_object(talk: Talk) -> None:
    talk.say("x = 1\n")
    talk.event([1, 2])


def error_event(talk: Talk) -> None:
    talk.say("x = 1\n")
    talk.event({"error": {"message": "CUDA is on fire", "code": 500}})


def endless_event(talk: Talk) -> None:
    talk.say("x = 1\n")
    talk.raw(b"5000000\r\n" + b"data: " + b"x" * 5_000_000)


def filtered(talk: Talk) -> None:
    talk.say("x = 1\n")
    talk.end("content_filter")


@pytest.mark.parametrize(
    ("play", "words"),
    [
        (breaks_off, "broke the connection off"),
        (ends_early, "in the middle of its answer"),
        (stalls, "sent nothing for too long"),
        (pings, "sent nothing for too long"),
        (talks_nonsense, "no JSON"),
        (odd_shape, "without choices"),
        (no_object, "no JSON object"),
        (error_event, "CUDA is on fire"),
        (endless_event, "more than 4,000,000 bytes"),
        (filtered, "filter"),
    ],
)
def test_what_goes_wrong_in_an_answer_ends_it_with_a_message_and_the_next_works(
    connect: Connect, play: Callable[[Talk], None], words: str
) -> None:
    silent = play in (stalls, pings)
    server, engine = connect(play, answer(SORT, size=999), timeouts=Timeouts(stall=2.0) if silent else PATIENT)
    stream = ask(engine)
    assert "".join(stream) == "x = 1\n"
    assert stream.outcome.status == "failed"
    assert words in stream.outcome.message
    assert server.url.removeprefix("http://") in stream.outcome.message
    assert len(server.asked) == 1, "nothing is asked again once text has come"
    assert told(engine).code


def hangs_up(talk: Talk) -> None:
    talk.drop()


def opens_and_hangs_up(talk: Talk) -> None:
    talk.open()
    talk.drop()


@pytest.mark.parametrize(
    "play",
    [
        refusal(429, Retry_After="0"),
        refusal(429, Retry_After="nan"),
        refusal(500),
        refusal(503),
        hangs_up,
        opens_and_hangs_up,
    ],
)
def test_what_may_pass_is_tried_again(connect: Connect, play: Callable[[Talk], None]) -> None:
    server, engine = connect(play, play, answer(SORT))
    assert told(engine).code
    assert len(server.asked) == 3


@pytest.mark.parametrize("play", [refusal(500, "out of memory"), hangs_up])
def test_it_is_not_tried_for_ever(connect: Connect, play: Callable[[Talk], None]) -> None:
    server, engine = connect(*[play] * 9)
    assert ask_late(engine).outcome.status == "failed"
    assert len(server.asked) == SOON.tries


@pytest.mark.parametrize(
    ("play", "words"),
    [
        (refusal(400, "This model's maximum context length is 4096 tokens"), "Shorten the request"),
        (refusal(403), "ENGINE_KEY"),
        (refusal(404, "no such model"), "ENGINE_MODEL"),
        (refusal(307, Location="http://192.0.2.1/v1/chat"), "sends on to http://192.0.2.1/v1/chat"),
        (refusal(302, Location="/elsewhere"), "ENGINE_URL"),
        (refusal(429, Retry_After="3600"), "again in 3600 s"),
        (refusal(429, Retry_After="Wed, 25 Nov 2099 10:00:00 GMT"), "Ask again in"),
        (lambda talk: talk.whole("<html>Welcome</html>", "text/html"), "ENGINE_URL"),
        (lambda talk: talk.whole("[" * 100_000), "ENGINE_URL"),
        (lambda talk: talk.end(), "without a word"),
        (answer("<think>Hm.</think>"), "without a word"),
    ],
)
def test_what_will_not_pass_is_told_at_once_with_a_way_out(
    connect: Connect, play: Callable[[Talk], None], words: str
) -> None:
    server, engine = connect(play, answer(SORT))
    assert words in ask_late(engine).outcome.message
    assert len(server.asked) == 1
    assert told(engine).code


def test_the_time_that_a_server_asks_for_is_waited(connect: Connect) -> None:
    _, engine = connect(refusal(429, Retry_After="0.3"), answer(SORT))
    began = time.monotonic()
    assert told(engine).code
    assert time.monotonic() - began >= 0.3


def test_waiting_for_another_try_can_be_stopped(connect: Connect) -> None:
    _, engine = connect(refusal(429, Retry_After="0.5"), *[refusal(429, Retry_After="0.5")] * 9)
    stop = threading.Event()
    stream = ask(engine, stop=stop)
    threading.Timer(0.1, stop.set).start()
    assert (list(stream), stream.outcome.status) == ([], "stopped")


def test_the_usage_that_never_comes_is_not_waited_for(connect: Connect) -> None:
    def forgets(talk: Talk) -> None:
        talk.say("x = 1\n")
        talk.event({"choices": [{"delta": {}, "finish_reason": "stop"}]})
        talk.silence()

    _, engine = connect(forgets, timeouts=Timeouts(closing=0.2))
    stream = ask(engine)
    assert "".join(stream) == "x = 1\n"
    assert (stream.outcome.status, stream.outcome.estimated) == ("done", True)


def test_a_server_that_ignores_the_limit_is_cut(connect: Connect) -> None:
    def floods(talk: Talk) -> None:
        while True:
            talk.say("x" * 10_000)

    server, engine = connect(floods)
    stream = ask(engine)
    assert len("".join(stream)) < 200 * 128 + 20_000
    assert stream.outcome.status == "length"
    assert server.asked[-1].left.wait(20)


def test_a_server_that_went_away_is_named_and_may_come_back(connect: Connect) -> None:
    server, engine = connect()
    server._http.socket.close()
    message = ask_late(engine).outcome.message
    assert server.url.removeprefix("http://") in message
    assert "ENGINE_URL" in message or "broke the connection" in message


# ---------- getting to know each other ----------


def test_the_key_is_sent_and_never_shown(connect: Connect) -> None:
    server, engine = connect(answer(SORT), key="secret-key")
    assert told(engine).code
    assert "secret-key" not in repr(Server(server.url, "secret-key"))
    with pytest.raises(LoadingError, match="ENGINE_KEY") as caught:
        load(server, key="wrong-key")
    assert "wrong-key" not in str(caught.value)


def test_nobody_at_the_address_is_a_failure_that_can_be_tried_again() -> None:
    loader = RemoteLoader(Server("http://127.0.0.1:9", backoff=SOON))
    host = EngineHost(loader, loader.entry)
    failed = threading.Event()
    host.listen(lambda status: failed.set() if status.state == "failed" else None)
    host.use(loader.entry().id)
    assert failed.wait(20)
    status = host.status()
    assert "127.0.0.1:9 cannot be reached" in status.message
    assert status.server == "127.0.0.1:9"
    failed.clear()
    host.retry()
    assert failed.wait(20)
    host.close()


def test_getting_to_know_a_silent_server_can_be_given_up() -> None:
    with EngineServer().running() as server:
        server._play = Talk.silence  # type: ignore[method-assign,assignment]
        cancel = threading.Event()
        threading.Timer(0.2, cancel.set).start()
        loader = RemoteLoader(Server(server.url))
        with pytest.raises(Cancelled):
            loader(loader.entry(), lambda _: None, cancel)


@pytest.mark.parametrize(
    ("url", "base", "name"),
    [
        ("http://gpu:8000", "http://gpu:8000/v1/", "gpu:8000"),
        ("http://gpu:8000/", "http://gpu:8000/v1/", "gpu:8000"),
        (
            "https://user:word@api.example.org/openai/v3/",
            "https://user:word@api.example.org/openai/v3/",
            "api.example.org",
        ),
        ("http://[::1]:8000/v1", "http://[::1]:8000/v1/", "[::1]:8000"),
    ],
)
def test_an_address_may_name_a_path_or_not(url: str, base: str, name: str) -> None:
    assert (Server(url).base, Server(url).name) == (base, name)
