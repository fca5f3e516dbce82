"""The IPython shell of a sealed kernel: it names cells by their number and reports tracebacks as data."""

import inspect
import itertools
import linecache
import reprlib
from collections.abc import Iterator
from types import CodeType, TracebackType
from typing import Any, cast

from ipykernel.compiler import XCachingCompiler
from ipykernel.ipkernel import IPythonKernel
from ipykernel.jsonutil import json_clean
from ipykernel.zmqshell import ZMQInteractiveShell

OUTER_FRAMES = 10
INNER_FRAMES = 30
ARGUMENTS = 8


class CellCompiler(XCachingCompiler):
    """Gives every compiled cell a name of its own, so that running equal code twice keeps the two apart."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # IPython has no types here
        self._serial = itertools.count(1)

    def get_code_name(self, raw_code: str, code: str, number: int) -> str:  # noqa: ARG002 - IPython calls it so
        """The `co_filename` of the cell with execution count `number`."""
        return f"<cell {number}.{next(self._serial)}>"

    def number(self, filename: str) -> int | None:
        """The execution count of the cell of that name; None if it is no cell."""
        number = self._filename_map.get(filename)
        return number if isinstance(number, int) else None


class CellShell(ZMQInteractiveShell):
    """Sends `failure` (frames of cells only) along with the standard `error` message."""

    def _showtraceback(self, etype: type[BaseException], evalue: BaseException, stb: list[str]) -> None:
        self._flush_streams()
        hook: Any = self.displayhook
        if getattr(hook, "msg", None) is not None:
            self._last_traceback_during_displayhook = True
        content = {
            "traceback": stb,
            "ename": etype.__name__,
            "evalue": safe_text(evalue),
            "failure": describe(evalue, cast("CellCompiler", self.compile)),
        }
        topic = hook.topic.replace(b"execute_result", b"error") if hook.topic else None
        hook.session.send(hook.pub_socket, "error", json_clean(content), hook.parent_header, ident=topic)  # type: ignore[no-untyped-call]  # traitlets gives an Any
        self._last_traceback = stb

    @staticmethod
    def _flush_streams() -> None:
        import sys

        sys.stdout.flush()
        sys.stderr.flush()


class CellKernel(IPythonKernel):
    """IPython's kernel with the shell and the compiler of this module."""

    shell_class = CellShell
    compiler_class = CellCompiler


def safe_text(value: BaseException) -> str:
    """`str(value)`, or the type's name where `__str__` fails; a SyntaxError without the cell's inner name."""
    try:
        if isinstance(value, SyntaxError):
            return str(value.msg)
        return str(value)
    except Exception:  # noqa: BLE001 - the exception is the user's and may raise anything
        return f"<{type(value).__name__} without text>"


class Short(reprlib.Repr):
    """Short texts of values, made without the code of anybody's class: of other types there is but the name."""

    def __init__(self) -> None:
        super().__init__()
        self.maxstring = self.maxother = self.maxlong = 120
        self.maxlevel = 3

    def repr_instance(self, x: object, level: int) -> str:  # noqa: ARG002 - reprlib calls it so
        """The text of a value that `reprlib` has no way of its own for."""
        return repr(x) if type(x) in {float, bool, complex, bytes, type(None)} else f"<{type(x).__name__}>"


def describe(error: BaseException, compiler: CellCompiler) -> dict[str, Any]:
    """Frames of `error` that stand in cells, how many others there are below, and the innermost one's arguments."""
    frames = list(cell_frames(error.__traceback__, compiler))
    while frames and frames[0] is None:
        frames.pop(0)  # IPython's own, above the cell
    mine = [frame for frame in frames if frame is not None]
    if isinstance(error, SyntaxError):
        mine += syntax_frames(error, compiler)
    kept = mine if len(mine) <= OUTER_FRAMES + INNER_FRAMES else mine[:OUTER_FRAMES] + mine[-INNER_FRAMES:]
    hidden = len(frames) - len(kept) if len(frames) > len(kept) else 0
    return {"frames": kept, "hidden": hidden, "arguments": arguments(error.__traceback__, compiler)}


def arguments(tb: TracebackType | None, compiler: CellCompiler) -> dict[str, str]:
    """The arguments of the innermost function of a cell as they are now, in short; none at the top level."""
    inner = None
    while tb is not None:
        if compiler.number(tb.tb_frame.f_code.co_filename) is not None:
            inner = tb.tb_frame
        tb = tb.tb_next
    if inner is None or not inner.f_code.co_flags & inspect.CO_NEWLOCALS:
        return {}
    code, values, short = inner.f_code, inner.f_locals, Short()
    extra = bool(code.co_flags & inspect.CO_VARARGS) + bool(code.co_flags & inspect.CO_VARKEYWORDS)
    names = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount + extra]
    return {name: short.repr(values[name]) for name in names[:ARGUMENTS] if name in values}


def cell_frames(tb: TracebackType | None, compiler: CellCompiler) -> Iterator[dict[str, Any] | None]:
    """Each frame of the traceback, outermost first; None in place of those outside cells."""
    while tb is not None:
        code: CodeType = tb.tb_frame.f_code
        yield frame(code.co_filename, tb.tb_lineno, code.co_qualname, compiler)
        tb = tb.tb_next


def frame(filename: str, line: int | None, function: str, compiler: CellCompiler) -> dict[str, Any] | None:
    """The frame as data, or None if it stands in no cell."""
    number = compiler.number(filename)
    if number is None:
        return None
    text = linecache.getline(filename, line or 0).strip()
    return {"execution_count": number, "line": line or 0, "function": function, "text": text[:500]}


def syntax_frames(error: SyntaxError, compiler: CellCompiler) -> list[dict[str, Any]]:
    """The line a SyntaxError points at, if that line is in a cell."""
    found = frame(error.filename or "", error.lineno, "<module>", compiler)
    return [found] if found else []
