// Moving a cell by its number, with a mouse; the menu and Alt+arrows do the same for everybody else.
import type { Cell } from "../types";
import { moveTo } from "./deeds";

const SLACK = 6; // px until a press becomes a drag

export function startDrag(event: PointerEvent, cell: Cell): void {
  if (event.pointerType !== "mouse" || event.button !== 0) return;
  const handle = event.currentTarget as HTMLElement;
  const places = [...(handle.closest(".cell-list")?.querySelectorAll<HTMLElement>(".cell[id]") ?? [])];
  const here = handle.closest<HTMLElement>(".cell")!;
  const ended = new AbortController();
  let slot = -1;
  const clear = (): void => places.forEach((place) => place.classList.remove("drop-above", "drop-below", "dragged"));
  const moved = (move: PointerEvent): void => {
    if (slot < 0 && Math.abs(move.clientY - event.clientY) < SLACK) return;
    handle.setPointerCapture(event.pointerId);
    slot = places.filter((place) => middle(place) < move.clientY).length;
    clear();
    here.classList.add("dragged");
    if (slot < places.length) places[slot]!.classList.add("drop-above");
    else places.at(-1)!.classList.add("drop-below");
  };
  const done = (drop: boolean): void => {
    ended.abort();
    clear();
    const from = places.indexOf(here);
    if (drop && slot >= 0) void moveTo(cell.id, slot > from ? slot - 1 : slot);
  };
  const options = { signal: ended.signal };
  event.preventDefault(); // no text selection
  addEventListener("pointermove", moved, options);
  addEventListener("pointerup", () => done(true), options);
  addEventListener("pointercancel", () => done(false), options);
  addEventListener("keydown", (key) => key.key === "Escape" && done(false), options);
}

function middle(place: HTMLElement): number {
  const { top, height } = place.getBoundingClientRect();
  return top + height / 2;
}
