"""The refinement set: twenty functions of 20 to 60 lines, each changed twice, beside a notebook of about 1000 tokens.

The second request is made on the scripted result of the first, so that every engine sees the same prompts.
"""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from model.prompt import OtherCell, PromptState, TargetCell

FOLDER = Path(__file__).parent / "edits"
NOTEBOOK = "notebook.txt"


@dataclass(frozen=True)
class Edit:
    """One function with two requests.

    Args:
        path: a text whose first lines name the two requests and the scripted change, before the function itself.
    """

    path: Path

    @cached_property
    def _fields(self) -> tuple[dict[str, str], str]:
        head, _, source = self.path.read_text(encoding="utf-8").partition("\n\n")
        return dict(line.split(": ", 1) for line in head.splitlines()), source.strip("\n")

    def states(self) -> tuple[PromptState, PromptState]:
        """What the model is asked in the two turns."""
        fields, source = self._fields
        changed = source.replace(fields["old"], fields["new"])
        assert changed != source, f"{self.path}: the scripted change changes nothing"
        others, name = notebook(), self.path.stem
        return (
            PromptState(fields["first"], TargetCell(9, name, source), others=others),
            PromptState(fields["second"], TargetCell(9, name, changed), (fields["first"],), others=others),
        )


def notebook() -> tuple[OtherCell, ...]:
    """The other cells, the same in all prompts."""
    cells = (FOLDER / NOTEBOOK).read_text(encoding="utf-8").strip("\n").split("\n\n\n")
    return tuple(OtherCell(number, source) for number, source in enumerate(cells, 1))


def edits() -> tuple[Edit, ...]:
    """The whole set."""
    return tuple(Edit(path) for path in sorted(FOLDER.glob("*.txt")) if path.name != NOTEBOOK)
