// Actions that rely on what the server holds: what is typed into cells is sent first.
import { flushEdits } from "./notebook";
import { act, type Answer, type Faulty, type Kind } from "./server";
import { sessionId } from "./store";
import type { Actions } from "./types";

const UNSAVED = "A cell could not be saved yet: see the notice in it, then try again.";

export async function actSaved<K extends Kind>(kind: K, args: Actions[K][0]): Promise<Answer<K> | Faulty> {
  const session = sessionId.value; // another may be shown once the cells are saved
  if (!(await flushEdits(session))) return { fault: { kind: "conflict", message: UNSAVED } };
  return act(kind, { session, ...args });
}
