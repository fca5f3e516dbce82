"""The outputs of one run, put together from the kernel's events as a notebook would show them."""

from collections.abc import Mapping
from typing import Any

from app.runner import Cleared, Output

Json = dict[str, Any]


class Transcript:
    """Outputs in order, each an nbformat 4 output; `outputs` may be read at any time from any thread."""

    def __init__(self) -> None:
        self.outputs: list[Json] = []
        self._displays: dict[str, list[int]] = {}
        self._clear_next = False

    def add(self, event: Output) -> None:
        """Take one output: append it, join it to the stream before it, or update the display it names."""
        if event.update and event.display_id is not None:
            self._update(event.display_id, event.output)
            return
        if self._clear_next:
            self._empty()
        if not self._joined(event.output):
            if event.display_id is not None:
                self._displays.setdefault(event.display_id, []).append(len(self.outputs))
            self.outputs = [*self.outputs, dict(event.output)]

    def clear(self, event: Cleared) -> None:
        """Forget the outputs, now or when the next one comes."""
        if event.wait:
            self._clear_next = True
        else:
            self._empty()

    def _joined(self, output: Json) -> bool:
        last = self.outputs[-1] if self.outputs else {}
        if output.get("output_type") != "stream" or last.get("output_type") != "stream":
            return False
        if last.get("name") != output.get("name"):
            return False
        self.outputs = [*self.outputs[:-1], {**last, "text": _text(last) + _text(output)}]
        return True

    def _update(self, display_id: str, output: Mapping[str, Any]) -> None:
        fresh = {"data": output.get("data", {}), "metadata": output.get("metadata", {})}
        outputs = list(self.outputs)
        for place in self._displays.get(display_id, []):
            outputs[place] = {**outputs[place], **fresh}
        self.outputs = outputs

    def _empty(self) -> None:
        self.outputs = []
        self._displays = {}
        self._clear_next = False


def _text(output: Mapping[str, Any]) -> str:
    text = output.get("text", "")
    return text if isinstance(text, str) else "".join(map(str, text))
