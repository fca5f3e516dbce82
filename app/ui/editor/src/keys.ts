// Keys that work anywhere on the page. Those of a cell (run, move) are the notebook's; dialogs and menus take Esc themselves.
import { focusComposer, stop } from "./composer";
import { sheet } from "./panes";
import { act } from "./server";
import { cells, view } from "./store";

export const MAC = /Mac|iPhone|iPad/.test(navigator.platform);

export const KEYS: readonly (readonly [string, string])[] = [
  ["Mod K", "write a request"],
  ["Enter", "in the composer: send"],
  ["Shift Enter", "in the composer: a new line"],
  ["/", "in the composer: what can be done with a cell"],
  ["Shift Enter", "in a cell: run it and go to the next"],
  ["Mod Enter", "in a cell: run it and stay"],
  ["Esc Tab", "in a cell, one after the other: leave the editor"],
  [MAC ? "Shift Alt M" : "Ctrl M", "in a cell: Tab leaves the editor from now on, or indents again; nothing is stopped"],
  ["Alt Up", "move the cell up"],
  ["Alt Down", "move the cell down"],
  ["Left Right", "at a candidate: look at another"],
  ["P", "at a test: pin it, or take the pin out"],
  ["E", "at a test: edit it"],
  ["R", "at a test: reject it"],
  ["Esc", "stop what is being written, else what is running or tested"],
  ["?", "this list"],
];

export function start(): void {
  addEventListener("keydown", pressed, { capture: true });
  addEventListener("keydown", escaped);
}

function pressed(event: KeyboardEvent): void {
  if (document.querySelector("dialog[open]")) return;
  if ((event.ctrlKey || event.metaKey) && !event.shiftKey && !event.altKey && event.key.toLowerCase() === "k") {
    event.preventDefault();
    event.stopPropagation();
    focusComposer();
  } else if (event.key === "?" && !event.ctrlKey && !event.metaKey && !typing(event.target)) {
    event.preventDefault();
    sheet.value = { name: "keys" };
  }
}

/** Esc stops, unless something nearer took it: an editor's panel, a menu, a sheet, a field being edited. */
function escaped(event: KeyboardEvent): void {
  if (event.key !== "Escape" || event.defaultPrevented || event.isComposing) return;
  if (document.querySelector("dialog[open], :popover-open")) return;
  if (stop()) return;
  if (view.value?.kernel.state === "busy") void act("interrupt", {});
  for (const cell of cells.value) if (cell.tests.busy) void act("stop_tests", { cell: cell.id });
}

function typing(target: EventTarget | null): boolean {
  const its = target instanceof HTMLElement ? target : null;
  return Boolean(its?.isContentEditable || its?.matches("input:not([type=radio], [type=range], [type=checkbox]), textarea, select"));
}
