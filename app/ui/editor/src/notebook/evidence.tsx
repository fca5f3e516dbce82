// What is known of a cell's last run, and where its code comes from.
import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { Icon } from "../icons";
import { Notice } from "../notice";
import { useOnce } from "../once";
import { act, failed } from "../server";
import { turns } from "../store";
import type { Cell, Fault, Run } from "../types";
import { AuditChip, beingTyped } from "./audit";
import { refine } from "./deeds";
import { begun, duration, ended, provenance, runs } from "./format";
import { Chip, Score } from "./header";

export function Evidence({ cell, refused }: { cell: Cell; refused: boolean }) {
  const { run, version } = cell;
  const writing = version.status === "writing";
  const clean = !version.audit || version.audit.words === "audit clean" || beingTyped(cell, version.audit);
  const quiet = clean && !cell.tests.items.length;
  if (!run && !writing && !refused && quiet && version.origin === "hand" && version.number === 1) return null;
  return (
    <div class="ev-row">
      {writing ? <Chip icon="clock" text={`${version.number > 1 ? "the new version" : "it"} can run when it is written`} /> : null}
      {!writing && refused && <Chip id={`why-${cell.id}`} icon="shut" text="not run: no sandbox" />}
      {!writing && <Score cell={cell} />}
      {!writing && cell.stale && <Chip tone="stale" icon="clock" text={`stale: ${cell.stale}`} />}
      {!writing && <AuditChip cell={cell} />}
      {!writing && run && <Ran run={run} />}
      {!writing && run && run.version !== version.number && <Chip text={`output of v${run.version}`} />}
      <span class="prov">{writing ? legend(cell) : provenance(version)}</span>
    </div>
  ); // prettier-ignore
}

function legend(cell: Cell): string {
  const turn = turns.value.find((it) => it.number === cell.version.turn);
  if (cell.before === null) return turn ? `turn ${turn.number}` : "";
  return `grey lines are still v${cell.version.parent ?? cell.version.number - 1}; a bar marks each change`;
}

function Ran({ run }: { run: Run }) {
  if (run.status === "queued") return <Chip tone="live" icon="clock" text={run.message || "waits for the kernel"} />;
  if (run.status === "running") return <Elapsed run={run} />;
  const took = run.milliseconds === null || !begun(run) ? null : `ran ${duration(run.milliseconds)}`;
  return (
    <>
      {run.status === "error" && <Chip tone="fail" icon="fail" text={ended(run)} />}
      {run.status !== "ok" && run.status !== "error" && <Chip tone="fail" icon="stop" text={ended(run)} />}
      {took && <Chip text={took} />}
      {run.execution_count !== null && <span class="chip count" title="Execution count">[{run.execution_count}]</span>}
    </>
  ); // prettier-ignore
}

const TICK = 100; // ms

function Elapsed({ run }: { run: Run }) {
  const start = useRef(0);
  const shown = useSignal("running");
  useEffect(() => {
    start.current = performance.now() - (run.milliseconds ?? 0);
    const tick = (): void => {
      shown.value = `running ${duration(Math.floor((performance.now() - start.current) / TICK) * TICK)}`;
    };
    const timer = setInterval(tick, TICK);
    return () => clearInterval(timer);
  }, [run.id, run.status]);
  return <span class="chip live num">{run.asks ? "waits for your input" : shown}</span>;
}

/** Why a run was stopped, where the chip alone does not say what follows from it. */
export function Stopped({ cell }: { cell: Cell }) {
  const { run } = cell;
  const fault = useSignal<Fault | null>(null);
  if (!run || runs(run) || !["limit", "died", "cut"].includes(run.status)) return null;
  const again = async (): Promise<void> => {
    const answer = await act("run_all", {});
    fault.value = failed(answer) ? answer.fault : null;
  };
  const [title, reason] = sentences(run.message || ended(run));
  const fix = async (): Promise<void> => {
    fault.value = await refine(cell, `Fix this: ${title}`);
  };
  return (
    <Notice tone="fail" icon="stop" title={title} reason={[reason, fault.value?.message].filter(Boolean).join(" ")}>
      {run.status === "limit" && <button type="button" class="btn accent" onClick={() => void fix()}>Fix</button>}
      <button type="button" class="btn" onClick={() => void again()}>Run all again</button>
    </Notice>
  ); // prettier-ignore
}

/** The first sentence and the rest. */
export function sentences(text: string): [string, string] {
  const end = text.search(/[.!?]\s/);
  return end < 0 ? [text, ""] : [text.slice(0, end + 1), text.slice(end + 2).trim()];
}

/** The line that `input()` waits for. */
export function Asked({ cell }: { cell: Cell }) {
  const run = cell.run!;
  const asks = run.asks!;
  const field = useRef<HTMLInputElement>(null);
  const fault = useSignal<Fault | null>(null);
  const once = useOnce();
  useEffect(() => {
    // Only where the person is at this cell already: the focus is not taken from other work.
    const here = field.current?.closest(".cell");
    if (here?.contains(document.activeElement)) field.current?.focus();
  }, []);
  const send = async (): Promise<void> => {
    const answer = await act("answer", { run: run.id, text: field.current?.value ?? "" });
    fault.value = failed(answer) ? answer.fault : null;
    if (!fault.value && field.current) field.current.value = "";
  };
  return (
    <form class="asks" onSubmit={(event) => (event.preventDefault(), void once(send))}>
      <label>
        <span class="mono" dir="auto">{asks.prompt || "input()"}</span>
        <input ref={field} class="field" type={asks.password ? "password" : "text"} autocomplete="off" />
      </label>
      <button type="submit" class="btn"><Icon name="send" />Send</button>
      {fault.value && <p class="bad">{fault.value.message}</p>}
    </form>
  ); // prettier-ignore
}
