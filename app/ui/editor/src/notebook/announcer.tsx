// Says once, to those who listen to the page, what came of a run or of a command.
import { signal, useSignalEffect } from "@preact/signals";
import { useRef } from "preact/hooks";
import { cells } from "../store";
import { outcome, runs } from "./format";

const said = signal("");

export function say(text: string): void {
  said.value = said.value === text ? `${text}\u00a0` : text; // the same words twice are news twice
}

export function Announcer() {
  const under = useRef(new Set<string>()); // runs that had not ended when they were seen
  useSignalEffect(() => {
    for (const { number, run } of cells.value) {
      if (!run || (run.status === "error" && !run.failure)) continue; // what failed comes a moment later
      if (runs(run)) under.current.add(run.id);
      else if (under.current.delete(run.id)) say(`Cell ${number}: ${outcome(run)}`);
    }
  });
  return <div class="vh" role="status" aria-live="polite">{said}</div>; // prettier-ignore
}
