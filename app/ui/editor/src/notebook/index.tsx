// The pane with the cells.
import { effect, untracked, useComputed } from "@preact/signals";
import { type VNode, render } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";
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

export { flushEdits } from "./texts";

export function Notebook() {
  const session = useComputed(() => view.value?.session.id ?? null).value;
  const empty = useComputed(() => cells.value.length === 0).value;
  return (
    <div class="notebook">
      <Notices />
      {session && <CellList key={session} session={session} />}
      {session && !empty && <Add after={null} />}
      <Announcer />
    </div>
  ); // prettier-ignore
}

interface Item {
  key: string;
  draw: () => VNode;
}

/**
 * The cells in order. Each is drawn into an element of its own, which is placed by hand: an element that is taken out of
 * the document for a moment loses its focus, so the one that has the focus stays and the others move around it.
 */
function CellList({ session }: { session: string }) {
  const list = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    const seed = new Seed(session);
    const hosts = new Map<string, HTMLElement>();
    let known = new Set<string>();
    graves.value = [];
    const ends = [rememberChoices(session), guardTexts(), followHands()];
    const follow = (there: Cell[]): void => {
      for (const cell of there) {
        if (!known.has(cell.id)) seed.becomes(cell);
        textOf(session, cell).take(cell);
      }
      known = new Set(there.map((cell) => cell.id));
      place(list.current!, hosts, items(session, seed));
    };
    const draw = effect(() => {
      const there = cells.value;
      void graves.value;
      untracked(() => follow(there)); // what is drawn below has effects of its own
    });
    const mourn = mourning(session);
    return () => {
      [draw, mourn, ...ends].forEach((end) => end());
      hosts.forEach((host) => render(null, host));
    };
  }, [session]);
  return <div class="cell-list" ref={list} />;
}

function items(session: string, seed: Seed): Item[] {
  const there = cells.value;
  const ids = new Set(there.map((cell) => cell.id));
  const found: Item[] = there.map(({ id }) => ({ key: id, draw: () => <CellCard id={id} session={session} /> }));
  for (const grave of graves.value) {
    if (ids.has(grave.id)) continue;
    const under = Math.max(-1, ...grave.above.map((id) => found.findIndex((item) => item.key === id)));
    found.splice(under + 1, 0, { key: `grave:${grave.id}`, draw: () => <GraveNotice grave={grave} /> });
  }
  if (!there.length || seed.waits) found.push({ key: "ghost", draw: () => <Ghost seed={seed} /> });
  return found;
}

function place(list: HTMLElement, hosts: Map<string, HTMLElement>, wanted: Item[]): void {
  const keys = new Set(wanted.map((item) => item.key));
  const order = wanted.map(({ key, draw }) => {
    const known = hosts.get(key);
    if (known) return known;
    const host = document.createElement("div");
    hosts.set(key, host);
    list.append(host); // before it is drawn, so that what is in it can take the focus
    render(draw(), host);
    return host;
  });
  for (const [key, host] of hosts) {
    if (keys.has(key)) continue;
    hosts.delete(key);
    render(null, host);
    host.remove();
  }
  arrange(list, order);
}

/** Brings the children of `list` into order without moving the one that holds the focus. */
function arrange(list: HTMLElement, order: HTMLElement[]): void {
  const still = Math.max(0, order.findIndex((host) => host.contains(document.activeElement)));
  for (let at = still - 1; at >= 0; at--) put(list, order[at]!, order[at + 1]!);
  for (let at = still + 1; at < order.length; at++) put(list, order[at]!, order[at - 1]!.nextElementSibling);
}

function put(list: HTMLElement, host: HTMLElement, before: Element | null): void {
  if (host === before || (host.parentElement === list && host.nextElementSibling === before)) return;
  list.insertBefore(host, before);
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

/** Notes which cell's editor has the keys. */
function followHands(): () => void {
  const focused = (event: FocusEvent): void => {
    const target = event.target as Element;
    const cell = target.closest<HTMLElement>("[data-cell]")?.dataset["cell"] ?? null;
    const editing = target.closest(".cm-content, .run");
    hands.value = editing ? cell : null;
  };
  document.addEventListener("focusin", focused);
  return () => document.removeEventListener("focusin", focused);
}
