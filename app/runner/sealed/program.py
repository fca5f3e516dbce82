"""What a one-shot child does once it is sealed: run the program, make the calls, write the values, end."""

import json
import os
import sys
import traceback
from typing import Any, NoReturn

from . import plain

FILENAME = "<program>"
FRAMES = 40


def serve(job: dict[str, Any], result: int) -> NoReturn:
    """Run the job's program and calls; write one JSON list to `result`: an entry for the program, then one a call.

    An entry is `{"value": text of plain.dump}` or `{"error": {name, message, frames, hidden}}`.
    """
    space: dict[str, Any] = {"__name__": "program", "__builtins__": __builtins__}
    entries = [attempt(lambda: execute(job["source"], space), job["source"])]
    if "error" not in entries[0]:
        for function, given in job["calls"]:
            entries.append(attempt(lambda f=function, g=given: call(space[f], g), job["source"]))
    write(result, json.dumps(entries).encode())
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


def execute(source: str, space: dict[str, Any]) -> None:
    """Run the program's text in its own namespace."""
    exec(compile(source, FILENAME, "exec"), space)  # noqa: S102 - that is the purpose; the process is sealed


def call(function: Any, given: str) -> Any:  # noqa: ANN401 - any function of the program
    """Call it with the positional and named arguments in the text."""
    arguments, named = plain.load(given)
    return function(*arguments, **named)


def attempt(action: Any, source: str) -> dict[str, Any]:  # noqa: ANN401 - a function without arguments
    """The action's value as text, or its failure."""
    try:
        return {"value": plain.dump(action())}
    except BaseException as error:  # noqa: BLE001 - SystemExit and KeyboardInterrupt of the program are failures too
        return {"error": describe(error, source.splitlines())}


def describe(error: BaseException, lines: list[str]) -> dict[str, Any]:
    """Name, text and the frames that stand in the program, in the form that kernels use."""
    found = traceback.extract_tb(error.__traceback__)
    mine = [each for each in found if each.filename == FILENAME]
    places = [(each.lineno or 0, each.name) for each in mine[-FRAMES:]]
    if isinstance(error, SyntaxError) and error.filename == FILENAME:
        places.append((error.lineno or 0, "<module>"))
    frames = [
        {"execution_count": 0, "line": line, "function": name, "text": "".join(lines[line - 1 : line]).strip()}
        for line, name in places
    ]
    try:
        message = str(error)
    except Exception:  # noqa: BLE001 - the program's exception may raise anything
        message = ""
    return {"name": type(error).__name__, "message": message[:4000], "frames": frames, "hidden": 0}


def write(descriptor: int, data: bytes) -> None:
    """Write all of it."""
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]
