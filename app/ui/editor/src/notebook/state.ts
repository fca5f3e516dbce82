// What the pane itself remembers: which cells are open, what was deleted and can come back, where the hands are.
import { type ReadonlySignal, computed, effect, signal } from "@preact/signals";
import { cells } from "../store";
import type { Cell } from "../types";
import { runs } from "./format";

const byId = computed(() => new Map(cells.value.map((cell) => [cell.id, cell])));
const signals = new Map<string, ReadonlySignal<Cell | undefined>>();

/** One cell; a change of another one does not wake its readers. */
export function cellOf(id: string): ReadonlySignal<Cell | undefined> {
  const known = signals.get(id) ?? computed(() => byId.value.get(id));
  signals.set(id, known);
  return known;
}

/** How many cells there are. */
export const total = computed(() => cells.value.length);

/** The cell whose editor has the keys, so that its Run is what Shift+Enter does; null while they are elsewhere. */
export const hands = signal<string | null>(null);

/** A cell that is to get the focus, and the line in it, as soon as it can take it. */
export const wanted = signal<{ cell: string; line: number | null } | null>(null);

// Which cells are open: the person's choice, kept for this browser; else the first three and those with news.
const FIRST = 3;
const choices = signal<Record<string, boolean>>({});
const noticed = new Set<string>(); // had news since the page was loaded; what has opened does not close by itself

export function rememberChoices(session: string): () => void {
  const key = `cg:open:${session}`;
  noticed.clear();
  choices.value = stored(key);
  return effect(() => keep(key, choices.value));
}

export function choose(id: string, open: boolean): void {
  choices.value = { ...choices.value, [id]: open };
}

export function isOpen(cell: Cell, active: boolean): boolean {
  const news = cell.version.status === "writing" || runs(cell.run) || (cell.run !== null && cell.run.status !== "ok");
  if (cell.number <= FIRST || active || news) noticed.add(cell.id);
  return choices.value[cell.id] ?? noticed.has(cell.id);
}

function stored(key: string): Record<string, boolean> {
  try {
    return JSON.parse(localStorage.getItem(key) ?? "{}") as Record<string, boolean>;
  } catch {
    return {};
  }
}

function keep(key: string, value: Record<string, boolean>): void {
  try {
    if (Object.keys(value).length) localStorage.setItem(key, JSON.stringify(value));
  } catch {
    return; // without storage it is remembered as long as the page lives
  }
}

/** A deleted cell that can come back; `above` are the cells it stood under. */
export interface Grave {
  id: string;
  number: number;
  title: string;
  above: string[];
  unsaved: boolean; // deleted elsewhere while text was typed here: waits until it is decided
}
export const graves = signal<Grave[]>([]);

export function bury(cell: Cell, unsaved: boolean): void {
  const above = cells.value.filter((other) => other.number < cell.number).map((other) => other.id);
  const grave = { id: cell.id, number: cell.number, title: cell.title, above, unsaved };
  graves.value = [...graves.value.filter((other) => other.id !== cell.id), grave];
}

export function forget(id: string): void {
  graves.value = graves.value.filter((grave) => grave.id !== id);
}
