// The texts of all cells that this page has shown. They outlive their editors, so that closing or moving a cell, or
// turning to another session, loses nothing.
import { effect, untracked } from "@preact/signals";
import { connection } from "../store";
import type { Cell } from "../types";
import { CellText } from "./cellText";

const texts = new Map<string, CellText>();

export function textOf(session: string, cell: Cell): CellText {
  const key = `${session}/${cell.id}`;
  const text = texts.get(key) ?? new CellText(session, cell);
  texts.set(key, text);
  return text;
}

/** Sends whatever is typed into the cells of a session and not yet sent; before anything that relies on what the server holds. */
export function flushEdits(session: string | null): Promise<boolean> {
  return flushed([...texts].flatMap(([key, text]) => (key.startsWith(`${session}/`) ? [text] : [])));
}

async function flushed(those: CellText[]): Promise<boolean> {
  const unsaved = those.filter((text) => text.dirty);
  return (await Promise.all(unsaved.map((text) => text.flush()))).every(Boolean);
}

/** Keeps typed text safe when the page is hidden, closed or cut off; returns how to stop. */
export function guardTexts(): () => void {
  const ended = new AbortController();
  const flushAll = (): void => void flushed([...texts.values()]);
  const hidden = (): void => {
    if (document.visibilityState === "hidden") flushAll();
  };
  document.addEventListener("visibilitychange", hidden, { signal: ended.signal });
  addEventListener("pagehide", () => texts.forEach((text) => text.leave()), { signal: ended.signal });
  const unwatch = effect(() => {
    if (connection.value === "open") untracked(flushAll);
  });
  ended.signal.addEventListener("abort", unwatch);
  return () => ended.abort();
}
