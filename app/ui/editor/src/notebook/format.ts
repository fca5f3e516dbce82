// What versions, runs and figures of the cells are called; the same words in header, evidence and announcement.
import type { Failure, Run, VersionHead } from "../types";

export function duration(milliseconds: number): string {
  if (milliseconds < 1_000) return `${Math.round(milliseconds)} ms`;
  const seconds = milliseconds / 1_000;
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  const whole = Math.floor(seconds);
  return `${Math.floor(whole / 60)} min ${whole % 60} s`;
}

/** Where a version comes from. */
export function provenance(version: VersionHead): string {
  const from = version.parent ? `, from v${version.parent}` : "";
  if (version.origin === "restored") return version.parent ? `restored from v${version.parent}` : "restored";
  if (version.origin === "forked") return "from the shared copy";
  if (version.origin === "hand") return `edited by hand${from}`;
  return version.turn ? `turn ${version.turn}${from}` : `another branch${from}`;
}

/** Whether any of its code ran; what waits behind a cell that fails, or is stopped before, never begins. */
export const begun = (run: Run): boolean => run.execution_count !== null || run.status !== "interrupted";

export const runs = (run: Run | null): boolean => run?.status === "queued" || run?.status === "running";

/** The exception as Python names it. */
export const raised = (failure: Failure): string => [failure.name, failure.message].filter(Boolean).join(": ");

/** The line to mark in the cell that ran: the innermost frame in it. */
export function failedLine(run: Run | null): number | null {
  if (!run?.failure || runs(run)) return null;
  return run.failure.frames.filter((frame) => frame.here).at(-1)?.line ?? null;
}

/** One sentence about a run that has ended. */
export function outcome(run: Run): string {
  const line = failedLine(run);
  if (run.failure && begun(run)) return `${raised(run.failure).slice(0, 200)}${line ? `, line ${line}` : ""}`;
  if (run.status === "ok") return run.milliseconds === null ? "ran" : `ran in ${duration(run.milliseconds)}`;
  return ended(run);
}

/** What stopped a run. */
export function ended(run: Run): string {
  if (run.status === "interrupted") return begun(run) ? "interrupted" : lowered((run.message || "not run").replace(/\.$/, ""));
  if (run.status === "limit") return lowered(run.message.split(":")[0] || "stopped at a limit");
  if (run.status === "died") return "the kernel died";
  if (run.status === "cut") return "cut off: the server stopped";
  return run.failure?.name ?? "failed";
}

const lowered = (text: string): string => text.charAt(0).toLowerCase() + text.slice(1);
