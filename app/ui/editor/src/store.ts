// The page's one store: filled by the live stream, read by every component, never written by them.
import { computed, signal } from "@preact/signals";
import type { Cell, Message, Patch, Turn, View } from "./types";

export const view = signal<View | null>(null);
export const sessionId = signal<string | null>(null); // of the page's address; null until the first thing is kept
export const brand = signal(""); // the name of the page
export const connection = signal<"opening" | "open" | "lost">("opening");
export const gone = signal(""); // why the session cannot be shown, else ""
export const activeCell = signal<string | null>(null); // the cell that card, cell and composer share
export const pane = signal<"thread" | "cells">("thread"); // on a phone

/** The id of a cell's element, so that a card can scroll to it. */
export const cellElement = (id: string): string => `cell-${id}`;

/** Makes a cell the active one and brings it into view, on a phone by turning to the cells. */
export function showCell(id: string): void {
  activeCell.value = id;
  pane.value = "cells";
  requestAnimationFrame(() => document.getElementById(cellElement(id))?.scrollIntoView({ block: "nearest" }));
}

export const cells = computed<Cell[]>(() => view.value?.cells ?? []);
export const turns = computed<Turn[]>(() => view.value?.turns ?? []);
export const writing = computed(() => turns.value.find((turn) => turn.status === "writing" || turn.status === "queued") ?? null);

export function receive(message: Message): void {
  if (message.type === "view") {
    view.value = message.view;
    gone.value = "";
  } else if (message.type === "gone") {
    gone.value = message.message;
  } else if (view.value) {
    view.value = patched(view.value, message.patch);
  }
}

function patched(old: View, { turns, cells, ...whole }: Patch): View {
  return {
    ...old,
    ...whole,
    turns: turns ? merged(old.turns, turns) : old.turns,
    cells: cells ? merged(old.cells, cells) : old.cells,
  };
}

function merged<T extends { id: string }>(old: T[], { changed, order }: { changed: T[]; order: string[] }): T[] {
  const known = new Map([...old, ...changed].map((item) => [item.id, item]));
  return order.flatMap((id) => known.get(id) ?? []);
}
