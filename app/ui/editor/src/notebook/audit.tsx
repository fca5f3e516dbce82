// What the audit says of a version: a chip, the findings behind it, and the question before code of high risk runs.
import { signal } from "@preact/signals";
import { useRef } from "preact/hooks";
import { Icon, type IconName } from "../icons";
import { Notice } from "../notice";
import type { Audit, Cell, Fault, Finding } from "../types";
import type { CellText } from "./cellText";
import { refine } from "./deeds";
import { hands, wanted } from "./state";

/** How a chip, a card and a row draw an audit: warnings have the triangle, the rest is plain. */
export function auditLook(audit: Audit): { tone: string; icon: IconName } {
  if (audit.state === "unreadable") return { tone: "fail", icon: "fail" };
  if (audit.state === "failed" || warnings(audit).length) return { tone: "warn", icon: "warn" };
  return audit.findings.length ? { tone: "", icon: "eye" } : { tone: "pass", icon: "check" };
}

export const warnings = (audit: Audit): Finding[] => audit.findings.filter((finding) => finding.severity !== "low");

/** Lines that get a triangle in the editor. */
export function warnedLines(audit: Audit): number[] {
  if (audit.state === "unreadable" && audit.line) return [audit.line];
  return warnings(audit).map((finding) => finding.line);
}

const unfolded = signal<ReadonlySet<string>>(new Set());

function fold(id: string): void {
  const now = new Set(unfolded.value);
  if (!now.delete(id)) now.add(id);
  unfolded.value = now;
}

/**
 * The audit of what the cell shows; while a change is being scanned, of what it showed before. Code that is being typed
 * does not parse most of the time: that is said when the hands have left it.
 */
function useAudit(cell: Cell): Audit | null {
  const last = useRef<Audit | null>(null);
  last.current = cell.source.trim() ? (cell.version.audit ?? last.current) : null;
  return last.current && beingTyped(cell, last.current) ? null : last.current;
}

export const beingTyped = (cell: Cell, audit: Audit): boolean =>
  audit.state === "unreadable" && cell.version.status === "open" && hands.value === cell.id;

export function AuditChip({ cell }: { cell: Cell }) {
  const audit = useAudit(cell);
  if (!audit) return null;
  const { tone, icon } = auditLook(audit);
  const inside = <><Icon name={icon} /><span class="cut">{audit.words}</span></>;
  if (audit.state === "read" && !audit.findings.length) return <span class={`chip ${tone}`}>{inside}</span>;
  const open = unfolded.value.has(cell.id);
  return (
    <button type="button" class={`chip press ${tone}`} aria-expanded={open} aria-controls={`audit-${cell.id}`} onClick={() => fold(cell.id)}>
      {inside}<Icon name={open ? "up" : "down"} />
    </button>
  ); // prettier-ignore
}

export function Findings({ cell, attempt }: { cell: Cell; attempt: (deed: Promise<Fault | null>) => void }) {
  const audit = useAudit(cell);
  if (!audit || !unfolded.value.has(cell.id)) return null;
  return (
    <ul class="findings" id={`audit-${cell.id}`} aria-label={`Audit of cell ${cell.number}`}>
      {audit.message && (
        <li>
          <Icon name={auditLook(audit).icon} />
          {audit.line ? <Line cell={cell} line={audit.line} /> : <span />}
          <p>{audit.message}</p>
          {audit.state === "unreadable" && <Fix words={`Fix this: ${audit.message}`} cell={cell} attempt={attempt} />}
        </li>
      )}
      {audit.findings.map((finding) => <One finding={finding} cell={cell} attempt={attempt} />)}
    </ul>
  ); // prettier-ignore
}

interface OneProps {
  finding: Finding;
  cell: Cell;
  attempt: (deed: Promise<Fault | null>) => void;
}

function One({ finding, cell, attempt }: OneProps) {
  const note = finding.severity === "low";
  const grade = finding.rule === "missing" ? "not installed" : `${finding.severity} severity, ${finding.confidence} confidence, ${finding.rule}`;
  return (
    <li class={note ? "" : "warn"}>
      <Icon name={note ? "eye" : "warn"} />
      <Line cell={cell} line={finding.line} />
      <p><Reason text={finding.reason} /> <small>{grade}</small></p>
      <Fix words={finding.request} cell={cell} attempt={attempt} />
    </li>
  ); // prettier-ignore
}

function Reason({ text }: { text: string }) {
  return <>{text.split("`").map((piece, place) => (place % 2 ? <code>{piece}</code> : piece))}</>;
}

function Line({ cell, line }: { cell: Cell; line: number }) {
  return <button type="button" class="place" onClick={() => (wanted.value = { cell: cell.id, line })}>line {line}</button>; // prettier-ignore
}

function Fix({ words, cell, attempt }: { words: string; cell: Cell; attempt: OneProps["attempt"] }) {
  return <button type="button" class="btn" onClick={() => attempt(refine(cell, words))}>Fix</button>; // prettier-ignore
}

/** Asks before code runs that has a finding of high severity. */
export function Risky({ cell, text, run }: { cell: Cell; text: CellText; run: () => void }) {
  const why = text.risky.value;
  if (!why) return null;
  const later = (): void => {
    text.risky.value = "";
    if (!unfolded.value.has(cell.id)) fold(cell.id);
  };
  const place = why.indexOf(". ");
  return (
    <Notice tone="warn" title={why.slice(0, place + 1)} reason={why.slice(place + 2).replaceAll("`", "")}>
      <button type="button" class="btn" onClick={run}>Run anyway</button>
      <button type="button" class="btn quiet" onClick={later}>Show the findings</button>
    </Notice>
  ); // prettier-ignore
}
