// The pane with the cells.
import { effect, untracked, useComputed, useSignal } from "@preact/signals";
import type { VNode } from "preact";
import { useLayoutEffect, useMemo, useRef } from "preact/hooks";
import { cells, view } from "../store";
import type { Cell } from "../types";
import { Announcer } from "./announcer";
import { CellCard } from "./cell";
import { Add } from "./cellParts";
import { Ghost, Seed } from "./ghost";
import { GraveNotice } from "./grave";
import { Notices } from "./notices";
import { bury, graves, hands, rememberChoices } from "./state";
import { guardTexts, textOf } from "./texts";
import { Unplaced } from "./unplaced";

export { flushEdits } from "./texts";

export function Notebook() {
  const session = useComputed(() => view.value?.session.id ?? null).value;
  const empty = useComputed(() => cells.value.length === 0).value;
  return (
    <div class="notebook">
      <Notices />
      {session && <CellList key={session} session={session} />}
      <Unplaced />
      {session && !empty && <Add after={null} />}
      <Announcer />
    </div>
  ); // prettier-ignore
}

/**
 * The cells in order. An element that is taken out of the document for a moment loses its focus, so the list is not left
 * to move them: each keeps its slot among the children, and `arrange` puts the elements in order around the focused one.
 */
function CellList({ session }: { session: string }) {
  const list = useRef<HTMLDivElement>(null);
  const seed = useMemo(() => new Seed(session), [session]);
  const slots = useRef<(string | null)[]>([]);
  const keys = useSignal<string[]>([]);

  useLayoutEffect(() => {
    let known = new Set<string>();
    graves.value = [];
    const follow = (there: Cell[]): void => {
      for (const cell of there) {
        if (!known.has(cell.id)) seed.becomes(cell);
        textOf(session, cell).take(cell);
      }
      known = new Set(there.map((cell) => cell.id));
      const now = order(seed);
      if (now.join() !== keys.value.join()) keys.value = now;
    };
    const ends = [rememberChoices(session), guardTexts(), followHands(), mourning(session)];
    const end = effect(() => {
      const there = cells.value;
      void graves.value;
      untracked(() => follow(there));
    });
    return () => [end, ...ends].forEach((stop) => stop());
  }, [session, seed]);

  slots.current = slotted(slots.current, keys.value);
  useLayoutEffect(() => arrange(list.current!, keys.value));
  return (
    <div class="cell-list" ref={list}>
      {slots.current.map((key) => key && <div key={key} data-slot={key}>{drawn(key, session, seed)}</div>)}
    </div>
  ); // prettier-ignore
}

const GRAVE = "grave ";
const GHOST = "ghost ";

function order(seed: Seed): string[] {
  const ids = cells.value.map((cell) => cell.id);
  const keys = [...ids];
  for (const grave of graves.value) {
    if (ids.includes(grave.id)) continue;
    const under = Math.max(-1, ...grave.above.map((id) => keys.indexOf(id)));
    keys.splice(under + 1, 0, GRAVE + grave.id);
  }
  if (!ids.length || seed.waits) keys.push(GHOST);
  return keys;
}

/** The slots that are in use, each where it was; what is new comes after them. */
function slotted(slots: (string | null)[], keys: string[]): (string | null)[] {
  const kept = slots.map((key) => (key !== null && keys.includes(key) ? key : null));
  return [...kept, ...keys.filter((key) => !slots.includes(key))];
}

function drawn(key: string, session: string, seed: Seed): VNode | null {
  if (key === GHOST) return <Ghost seed={seed} />;
  if (!key.startsWith(GRAVE)) return <CellCard id={key} session={session} />;
  const grave = graves.value.find((it) => GRAVE + it.id === key);
  return grave ? <GraveNotice grave={grave} /> : null;
}

/** Brings the slots' elements into order without moving the one that holds the focus. */
function arrange(list: HTMLElement, keys: string[]): void {
  const byKey = new Map([...list.children].map((host) => [(host as HTMLElement).dataset["slot"], host]));
  const hosts = keys.flatMap((key) => byKey.get(key) ?? []);
  const still = Math.max(0, hosts.findIndex((host) => host.contains(document.activeElement)));
  for (let at = still - 1; at >= 0; at--) put(list, hosts[at]!, hosts[at + 1]!);
  for (let at = still + 1; at < hosts.length; at++) put(list, hosts[at]!, hosts[at - 1]!.nextElementSibling);
}

function put(list: HTMLElement, host: Element, before: Element | null): void {
  if (host !== before && host.nextElementSibling !== before) list.insertBefore(host, before);
}

/** Keeps a place for a cell that was deleted elsewhere while text was typed into it here. */
function mourning(session: string): () => void {
  let before = cells.peek();
  return effect(() => {
    const ids = new Set(cells.value.map((cell) => cell.id));
    for (const cell of before) {
      const buried = graves.peek().some((grave) => grave.id === cell.id);
      if (!ids.has(cell.id) && !buried && textOf(session, cell).dirty) bury(cell, true);
    }
    before = cells.value;
  });
}

/**
 * Notes which cell's editor has the keys. It keeps them while the focus is at another part of the same cell: its header
 * must not change under a pointer that is about to press something there.
 */
function followHands(): () => void {
  const focused = ({ target }: FocusEvent): void => {
    const place = target as Element;
    const cell = place.closest<HTMLElement>("[data-cell]")?.dataset["cell"] ?? null;
    const kept = cell === hands.value && !place.closest(".refine");
    hands.value = kept || place.closest(".cm-content") ? cell : null;
  };
  document.addEventListener("focusin", focused);
  return () => document.removeEventListener("focusin", focused);
}
