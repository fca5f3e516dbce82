// The menu of a cell.
import { COMMANDS, TESTS } from "../commands";
import { begin } from "../composer";
import type { Item } from "../menu";
import type { Cell, Fault } from "../types";
import { say } from "./announcer";
import type { CellText } from "./cellText";
import { addCell, deleteCell, moveBy, proposeTests, refine } from "./deeds";
import { choose, total } from "./state";

interface Props {
  cell: Cell;
  text: CellText;
  open: boolean;
  attempt: (deed: Promise<Fault | null>) => void;
  look: (what: "list" | "details") => void; // shows the history, or where the version comes from
  place: () => void; // asks for the place to move to
}

export function menuOf({ cell, text, open, attempt, look, place }: Props): (Item | null)[] {
  const count = total.value;
  const { number } = cell;
  const written = text.local.value.trim() !== "";
  return [
    ...COMMANDS.map(({ word, label, needs }): Item => ({
      label,
      hint: word,
      disabled: !written,
      run: () => (needs ? begin(`${word} `, cell.id) : attempt(word === TESTS ? proposeTests(cell) : refine(cell, word))),
    })),
    null,
    { label: "History", icon: "clock", hint: `${cell.version.count}`, run: () => look("list") },
    { label: "Details", icon: "eye", hint: "provenance", run: () => look("details") },
    { label: "Copy code", icon: "copy", run: () => void copy(text.local.value) },
    { label: "Duplicate", icon: "cell", run: () => attempt(addCell(cell.id, text.local.value)) },
    { label: "Add a cell below", icon: "plus", run: () => attempt(addCell(cell.id)) },
    null,
    { label: "Move up", icon: "up", hint: "Alt ↑", disabled: number === 1, run: () => attempt(moveBy(cell.id, -1)) },
    { label: "Move down", icon: "down", hint: "Alt ↓", disabled: number === count, run: () => attempt(moveBy(cell.id, 1)) },
    { label: "Move to …", icon: "move", disabled: count < 2, run: place },
    null,
    open
      ? { label: "Close", icon: "up", run: () => choose(cell.id, false) }
      : { label: "Open", icon: "down", run: () => choose(cell.id, true) },
    { label: "Delete", icon: "bin", run: () => attempt(deleteCell(cell, text)) },
  ];
}

async function copy(source: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(source);
    say("Code copied");
  } catch {
    say("The browser did not allow copying; select the code and copy it by hand.");
  }
}
