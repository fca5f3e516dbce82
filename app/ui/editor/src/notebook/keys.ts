// Keys that belong to the cell which has the focus.
import type { Cell, Fault } from "../types";
import type { CellText } from "./cellText";
import { moveBy, runAndMoveOn } from "./deeds";

/** Does what the key stands for; false if it stands for nothing here. */
export function keyed(
  event: KeyboardEvent,
  cell: Cell,
  text: CellText,
  refused: boolean,
  attempt: (deed: Promise<Fault | null>) => void,
): boolean {
  if (event.isComposing || isField(event.target)) return false;
  const command = event.ctrlKey || event.metaKey;
  if (event.key === "Enter" && (event.shiftKey || command)) {
    if (cell.version.status === "writing" || refused) return true; // not a new line either
    if (!event.repeat) attempt(command ? text.run() : runAndMoveOn(cell, text));
    return true;
  }
  const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
  if (!step || !event.altKey || command || event.shiftKey) return false;
  attempt(moveBy(cell.id, step));
  return true;
}

const isField = (target: EventTarget | null): boolean =>
  target instanceof HTMLInputElement || target instanceof HTMLSelectElement || target instanceof HTMLTextAreaElement;
