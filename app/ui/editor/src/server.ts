// Actions on the server. A failure is a value: whoever asks shows the fault where its cause is.
import { ownerKey } from "./owner";
import { connection, sessionId } from "./store";
import type { Actions, Fault } from "./types";

export type Kind = keyof Actions;
export type Answer<K extends Kind> = Actions[K][1];
export type Faulty = { fault: Fault };
type Call = (payload: object) => Promise<unknown>;

let call: Call = async () => undefined;

// Actions that may be sent again when no answer came: doing them twice is the same as doing them once.
const REPEATABLE = new Set<Kind>([
  "sessions", "rename", "delete_session", "restore_session", "draft", "aim", "settings", "models", "use_model", "stop",
  "show_branch", "sees", "delete_cell", "restore_cell", "edit", "versions", "share", "revoke", "export",
  "files", "keep_files",
]); // prettier-ignore
const PAUSES = [400, 1200, 3000]; // ms between tries
const PATIENCE = 30_000; // ms until a silent server counts as gone

/** Takes the component's server functions; Gradio answers `undefined` where the request failed. */
export function connect(server: { act: Call }): void {
  call = server.act;
}

export function failed(answer: object): answer is Faulty {
  return "fault" in answer;
}

export async function act<K extends Kind>(kind: K, args: Actions[K][0]): Promise<Answer<K> | Faulty> {
  const payload = { kind, owner: ownerKey(), session: sessionId.value, ...args };
  const pauses = REPEATABLE.has(kind) ? PAUSES : [];
  for (let round = 0; ; round++) {
    const answer = await once(payload);
    if (answer) return answer as Answer<K> | Faulty;
    const pause = pauses[round];
    if (pause === undefined) return { fault: { kind: "offline", message: unanswered() } };
    await new Promise((resolve) => setTimeout(resolve, pause));
  }
}

async function once(payload: object): Promise<object | null> {
  let timer = 0;
  const silence = new Promise<null>((resolve) => (timer = window.setTimeout(resolve, PATIENCE, null)));
  const answer = call(payload).catch(() => null);
  const first = await Promise.race([answer, silence]);
  clearTimeout(timer);
  return typeof first === "object" ? first : null;
}

function unanswered(): string {
  return connection.value === "open"
    ? "The server did not answer this request. Nothing you typed is lost: try again."
    : "The server cannot be reached. Nothing you typed is lost: it is sent when the connection is back, or try again.";
}
