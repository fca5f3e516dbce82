// What stands in the composer. Each keystroke goes to sessionStorage at once and to the server a little later; the copy in
// sessionStorage stays until the server has it, so a reload, a lost line or a restarted server loses nothing.
import { effect, signal } from "@preact/signals";
import { act, failed } from "./server";
import { connection, sessionId, view } from "./store";

const PAUSE = 600; // ms after the last keystroke
export const text = signal("");
export const focused = signal(false);

let unsaved = false; // the server does not have what stands here
let timer = 0;
let owner: string | null = null; // the session that the text belongs to

/** Puts `value` into the composer, as typing does. */
export function write(value: string): void {
  text.value = value;
  unsaved = true;
  keep(owner, value);
  clearTimeout(timer);
  timer = window.setTimeout(save, PAUSE);
}

export function start(): void {
  effect(() => moved(sessionId.value));
  effect(() => adopt());
  effect(() => void (connection.value === "open" && unsaved && save()));
}

function moved(session: string | null): void {
  if (session === owner) return;
  if (unsaved && owner) void save();
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

async function save(): Promise<void> {
  clearTimeout(timer);
  const [session, value] = [owner, text.peek()];
  if (!session) return;
  const answer = await act("draft", { text: value, session });
  if (failed(answer) && answer.fault.kind === "offline") return; // sent again when the line is back
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
