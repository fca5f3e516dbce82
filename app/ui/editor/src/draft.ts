// What stands in the composer. Each keystroke goes to sessionStorage at once and to the server a little later; the copy in
// sessionStorage stays until the server has it, so a reload, a lost line or a restarted server loses nothing.
import { effect, signal } from "@preact/signals";
import { act, failed } from "./server";
import { connection, sessionId, view } from "./store";

const PAUSE = 600; // ms after the last keystroke
const AGAIN = 4_000; // ms until a text is sent again that the server could not store
export const text = signal("");
export const focused = signal(false);

let unsaved = false; // the server does not have what stands here
let timer = 0;
let owner: string | null = null; // the session that the text belongs to
let saves: Promise<unknown> = Promise.resolve();
const newest = new Map<string, string>(); // what was last to be saved of each session

/** Puts `value` into the composer, as typing does. */
export function write(value: string): void {
  text.value = value;
  unsaved = true;
  keep(owner, value);
  clearTimeout(timer);
  timer = window.setTimeout(save, PAUSE);
}

/** Puts a request that was not taken before what was typed since, in the session that it was written in. */
export function giveBack(session: string, request: string): void {
  const since = session === owner ? text.peek() : (newest.get(session) ?? "");
  const value = since.trim() ? `${request}\n\n${since}` : request;
  if (session === owner) return write(value);
  keep(session, value);
  send(session, value);
}

export function start(): void {
  effect(() => moved(sessionId.value));
  effect(() => adopt());
  effect(() => void (connection.value === "open" && unsaved && save()));
}

function moved(session: string | null): void {
  if (session === owner) return;
  if (unsaved) save();
  const carried = owner === null && unsaved ? text.peek() : null; // typed before the session was open
  owner = session;
  const waiting = carried ?? kept(session);
  unsaved = waiting !== null;
  text.value = waiting ?? "";
  if (carried) write(carried);
}

/** Takes the server's draft, unless something newer stands here or is being typed. */
function adopt(): void {
  const session = view.value?.session;
  if (!session || session.id !== owner || unsaved || focused.peek()) return;
  text.value = session.draft;
}

function save(): void {
  clearTimeout(timer);
  if (owner) send(owner, text.peek());
}

/** Texts go one after another; one that a newer text of its session has overtaken is left out. */
function send(session: string, value: string): void {
  newest.set(session, value);
  saves = saves.then(() => (newest.get(session) === value ? store(session, value) : undefined));
}

async function store(session: string, value: string): Promise<void> {
  const answer = await act("draft", { text: value, session });
  if (failed(answer)) {
    const { kind } = answer.fault; // without a line it is sent when that is back; what was refused would be again
    if (kind === "storage" || kind === "busy") setTimeout(() => newest.get(session) === value && send(session, value), AGAIN);
    return;
  }
  if (owner === session && text.peek() === value) unsaved = false;
  if (kept(session) === value) forget(session);
}

const nameOf = (session: string | null): string => `codegen-playground-draft:${session ?? "new"}`;

function keep(session: string | null, value: string): void {
  try {
    sessionStorage.setItem(nameOf(session), value);
  } catch {
    // Full or switched off: the server's copy has to do.
  }
}

function kept(session: string | null): string | null {
  try {
    return sessionStorage.getItem(nameOf(session));
  } catch {
    return null;
  }
}

function forget(session: string): void {
  try {
    sessionStorage.removeItem(nameOf(session));
  } catch {
    // Nothing was kept.
  }
}
