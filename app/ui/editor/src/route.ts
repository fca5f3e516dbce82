// Which session the page shows: it stands in the address as ?session=, so that links, new tabs and the back button work.
import { effect, signal } from "@preact/signals";
import { follow } from "./live";
import { act, failed } from "./server";
import { activeCell, connection, gone, pane, sessionId, view } from "./store";
import type { Fault } from "./types";

export const opening = signal<Fault | null>(null); // why no session could be opened, else null
const round = signal(0); // counts how often the session was opened anew

export function addressOf(session: string | null): string {
  const url = new URL(location.href);
  url.searchParams.delete("fork");
  if (session) url.searchParams.set("session", session);
  else url.searchParams.delete("session");
  return url.pathname + url.search;
}

/** Shows another session without loading the page again. */
export function goTo(session: string): void {
  if (session !== sessionId.value) history.pushState(null, "", addressOf(session));
  show(session);
}

/** Opens a new session, or stays where nothing has been asked or written yet. */
export async function goToNew(): Promise<void> {
  const shown = view.value;
  if (shown && !gone.value && !shown.turns.length && !shown.cells.length) {
    pane.value = "thread";
    return;
  }
  await openNew();
}

export const openNew = (): Promise<void> => open("new_session", {}, "push");

/** Reads the address, opens what it names and follows it from then on. */
export function start(): void {
  effect(() => (round.value, sessionId.value ? follow(sessionId.value) : undefined));
  addEventListener("popstate", () => void read());
  void read();
}

export async function read(): Promise<void> {
  const address = new URL(location.href).searchParams;
  const [fork, session] = [address.get("fork"), address.get("session")];
  if (fork) await open("fork", { token: fork }, "replace");
  else if (session) show(session);
  else await open("new_session", {}, "replace");
}

async function open<K extends "fork" | "new_session">(
  kind: K,
  args: K extends "fork" ? { token: string } : {},
  how: "push" | "replace",
): Promise<void> {
  opening.value = null;
  const answer = await act(kind, args as { token: string });
  if (failed(answer)) {
    opening.value = answer.fault;
    return;
  }
  history[how === "push" ? "pushState" : "replaceState"](null, "", addressOf(answer.session));
  show(answer.session);
}

/** Opens the same session once more, for instance one that was deleted and brought back. */
export function again(): void {
  gone.value = "";
  connection.value = "opening";
  round.value++;
}

function show(session: string): void {
  if (session === sessionId.value) {
    if (gone.value) again();
    return;
  }
  opening.value = null;
  gone.value = "";
  view.value = null;
  activeCell.value = null;
  pane.value = "thread";
  connection.value = "opening";
  sessionId.value = session;
}
