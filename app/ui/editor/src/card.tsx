// An answer in one line: where it went, what became of it. It leads to its cell.
import { Icon, type IconName } from "./icons";
import { seconds } from "./format";
import { begun } from "./notebook/format";
import { auditLook, warnedLines } from "./notebook/audit";
import { activeCell, cells, showCell, turns } from "./store";
import type { Cell, Run, Turn } from "./types";

interface Evidence {
  words: string;
  tone?: "pass" | "fail" | "warn" | "live";
  icon?: IconName;
}

export function Card({ turn }: { turn: Turn }) {
  const its = turn.cell;
  const cell = cells.value.find((one) => one.id === its?.id);
  const busy = turn.status === "writing" || turn.status === "queued";
  if (!its && !busy && turn.status !== "stopped") return null; // failed and cut off turns have a notice
  const facts = evidence(turn, cell);
  const inside = (
    <>
      {its && <span class="ref">{its.number === null ? "deleted cell" : `cell ${its.number}`} · v{its.version}</span>}
      {facts.map((fact) => (
        <span class={`ev num ${fact.tone ?? ""}`}>
          {fact.icon && <Icon name={fact.icon} />}
          {fact.words}
        </span>
      ))}
    </>
  ); // prettier-ignore
  if (!its || !cell) return <div class="card still">{inside}</div>;
  return (
    <button type="button" class={activeCell.value === cell.id && speaksFor(turn, cell) ? "card on" : "card"} onClick={() => showCell(cell.id)}>
      {inside}
      <span class="go">
        <Icon name="right" />
      </span>
      {turn.status === "writing" && <Progress lines={turn.lines} of={expected(cell)} />}
    </button>
  );
}

/** Of the turns that wrote a cell, the one whose version it shows; else, when it shows none of theirs, the last. */
function speaksFor(turn: Turn, cell: Cell): boolean {
  const writers = turns.value.filter((one) => one.cell?.id === cell.id);
  const shown = writers.findLast((one) => one.cell?.version === cell.version.number) ?? writers.at(-1);
  return shown?.id === turn.id;
}

/** How many lines the version will about have: as many as the one it replaces. */
const expected = (cell: Cell | undefined): number => (cell?.before ? cell.before.trimEnd().split("\n").length : 0);

function Progress({ lines, of }: { lines: number; of: number }) {
  return of ? (
    <span class="bar-live">
      <i style={{ width: `${Math.min(100, (100 * lines) / of)}%` }} />
    </span>
  ) : null;
}

function evidence(turn: Turn, cell: Cell | undefined): Evidence[] {
  switch (turn.status) {
    case "queued":
      return [queued(turn)];
    case "writing":
      return [{ words: turn.message || (turn.cell || turn.lines ? "writing" : "reading the request"), tone: "live" }, ...line(turn, cell)];
    case "stopped":
      return [{ words: "stopped", icon: "stop" }, ...ran(turn, cell)];
    case "failed":
      return [{ words: "failed", tone: "fail", icon: "fail" }];
    case "cut":
      return [{ words: "cut off", tone: "warn", icon: "warn" }, ...ran(turn, cell)];
    case "done":
      return ran(turn, cell);
  }
}

/** The first in line begins at once: it has nothing to wait for. */
function queued({ number, message }: Turn): Evidence {
  const ahead = turns.value.some((one) => one.number < number && (one.status === "writing" || one.status === "queued"));
  if (!message && !ahead) return { words: "reading the request", tone: "live" };
  return { words: message || "waits for the one before", tone: "live", icon: "clock" };
}

function line(turn: Turn, cell: Cell | undefined): Evidence[] {
  const [at, of] = [turn.lines, expected(cell)];
  if (!at) return [];
  return [{ words: of >= at ? `line ${at} of about ${of}` : `line ${at}` }];
}

/** What the newest run says of this very version; nothing, where another version is shown or was run. */
function ran(turn: Turn, cell: Cell | undefined): Evidence[] {
  if (!turn.cell || !cell) return [];
  if (turn.unchanged) return [{ words: "nothing changed" }, ...tested({ ...turn, score: turn.score && { ...turn.score, broke: [] } })];
  const tests = [...tested(turn), ...compared(turn, cell)];
  if (cell.version.number !== turn.cell.version) return [...tests, { words: `now v${cell.version.number}` }];
  const run = cell.run;
  const scan = audited(cell);
  if (!run || run.version !== turn.cell.version) return [...(tests.length ? tests : [{ words: "not run" }]), ...scan];
  const stale = cell.stale ? [{ words: "stale", tone: "warn" as const, icon: "clock" as const }] : [];
  return [...tests, outcome(run), ...scan, ...stale];
}

/** What of the audit somebody has to know who sees only the card. */
function audited({ version: { audit } }: Cell): Evidence[] {
  if (!audit || !warnedLines(audit).length) return [];
  return [{ words: audit.words, ...auditLook(audit) } as Evidence];
}

function compared(turn: Turn, { choosing }: Cell): Evidence[] {
  if (choosing?.turn !== turn.number) return [];
  const words = `${choosing.candidates.length} candidates`;
  return [{ words }, ...(choosing.question ? [{ words: "1 question", tone: "warn" as const, icon: "ask" as const }] : [])];
}

/** What the tests said of the version that the turn wrote: what it broke first. */
function tested({ score }: Turn): Evidence[] {
  if (!score) return [];
  const words = `${score.passed}/${score.of} tests`;
  if (score.broke.length) {
    return [{ words: `broke test${score.broke.length > 1 ? "s" : ""} ${score.broke.join(", ")}`, tone: "fail", icon: "fail" }, { words }];
  }
  return [score.passed === score.of ? { words, tone: "pass", icon: "check" } : { words, tone: "fail", icon: "fail" }];
}

function outcome(run: Run): Evidence {
  switch (run.status) {
    case "ok":
      return { words: run.milliseconds === null ? "ran" : `ran ${duration(run.milliseconds)}`, tone: "pass", icon: "check" };
    case "error":
      return { words: failure(run), tone: "fail", icon: "fail" };
    case "queued":
    case "running":
      return { words: run.status, tone: "live" };
    case "interrupted":
    case "cut":
      return { words: run.status === "cut" ? "run cut off" : begun(run) ? "interrupted" : "not run", icon: "stop" };
    case "limit":
    case "died":
      return { words: run.message || (run.status === "limit" ? "stopped by a limit" : "the kernel died"), tone: "fail", icon: "stop" };
  }
} // prettier-ignore

function failure(run: Run): string {
  const here = run.failure?.frames.findLast((frame) => frame.here);
  return `${run.failure?.name ?? "failed"}${here ? `, line ${here.line}` : ""}`;
}

const duration = (ms: number): string => (ms < 1000 ? `${Math.max(1, Math.round(ms))} ms` : seconds(ms / 1000));
