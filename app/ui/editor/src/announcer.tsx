// Says once what screen readers should know of a turn: that it is being written, and how it ended.
import { useEffect, useRef, useState } from "preact/hooks";
import { turns } from "./store";
import type { Turn } from "./types";

const SAYS: Record<Turn["status"], (turn: Turn) => string> = {
  queued: (turn) => `Turn ${turn.number} waits. ${turn.message}`,
  writing: (turn) => `Turn ${turn.number} is being written.`,
  done: (turn) => `Turn ${turn.number} is answered${turn.cell?.number ? ` in cell ${turn.cell.number}` : ""}. ${turn.unchanged ? turn.message : turn.prose}`,
  stopped: (turn) => `Turn ${turn.number} was stopped.`,
  failed: (turn) => `Turn ${turn.number} failed. ${turn.message}`,
  cut: (turn) => `Turn ${turn.number} was cut off.`,
};

export function Announcer() {
  const [words, say] = useState("");
  const last = turns.value.at(-1);
  const before = useRef<string>();
  useEffect(() => {
    const now = last && `${last.id} ${last.status}`;
    // The first look at a session is not news.
    if (last && before.current !== undefined && now !== before.current) say(SAYS[last.status](last));
    before.current = now ?? "";
  }, [last?.id, last?.status]);
  return (
    <p class="vh" role="status" aria-live="polite">
      {words}
    </p>
  );
}
