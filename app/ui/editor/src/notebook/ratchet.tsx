// What a version broke or leaves undone: keep it, go back, or have it fixed.
import { useSignal } from "@preact/signals";
import { Icon } from "../icons";
import { Notice } from "../notice";
import { act, failed } from "../server";
import { type CellTest, type Verdict, broken, failing } from "../tested";
import type { Cell, Fault } from "../types";
import type { CellText } from "./cellText";
import { refine } from "./deeds";
import { hands } from "./state";

/**
 * Pinned tests that an earlier version held and this one does not. It stands at the foot of the cell: a verdict comes by
 * itself, and nothing that somebody reads or is about to press may move for it.
 */
export function Ratchet({ cell, text }: { cell: Cell; text: CellText }) {
  const fault = useSignal<Fault | null>(null);
  const tests = broken(cell.tests);
  const failed_ = failing(cell.tests);
  // While a version is typed its chip tells: half of what is typed fails.
  const typed = cell.version.status === "open" && hands.value === cell.id;
  if (!failed_.length || cell.version.status === "writing" || typed) return null;
  const attempt = async (deed: Promise<Fault | null>): Promise<void> => void (fault.value = await deed);
  if (!tests.length) return <Failing cell={cell} tests={failed_} attempt={attempt} fault={fault.value} />;
  const { held } = cell.tests;
  const v = `v${cell.version.number}`;
  return (
    <Notice tone="fail" icon="back" title={`${v} broke ${named(tests)}${since(tests)}: keep, revert, or fix.`} reason={[reason(tests[0]!, v), fault.value?.message].filter(Boolean).join(" ")}>
      <button type="button" class="btn accent" onClick={() => void attempt(fix(cell, tests))}>Fix</button>
      <Repair cell={cell} attempt={attempt} />
      {held && (
        <button type="button" class="btn" onClick={() => void attempt(revert(cell, text, held.id))}>Revert to v{held.number}</button>
      )}
      <button type="button" class="btn quiet" onClick={() => void attempt(kept(cell))}>Keep {v}, unpin {named(tests)}</button>
    </Notice>
  ); // prettier-ignore
}

interface FailingProps {
  cell: Cell;
  tests: CellTest[];
  attempt: (deed: Promise<Fault | null>) => Promise<void>;
  fault: Fault | null;
}

function Failing({ cell, tests, attempt, fault }: FailingProps) {
  const v = `v${cell.version.number}`;
  return (
    <Notice tone="fail" title={`${v} fails ${named(tests)}.`} reason={[reason(tests[0]!, v), fault?.message].filter(Boolean).join(" ")}>
      <button type="button" class="btn accent" onClick={() => void attempt(fix(cell, tests))}>Fix</button>
      <Repair cell={cell} attempt={attempt} />
    </Notice>
  ); // prettier-ignore
}

/** Up to three attempts, each a turn of its own in the thread. */
export function Repair({ cell, attempt }: { cell: Cell; attempt: (deed: Promise<Fault | null>) => Promise<void> | void }) {
  return (
    <button type="button" class="btn" onClick={() => void attempt(done(act("repair", { cell: cell.id })))}>
      <Icon name="again" />Fix, up to 3 tries
    </button>
  ); // prettier-ignore
}

async function done(answer: Promise<object>): Promise<Fault | null> {
  const came = await answer;
  return failed(came) ? came.fault : null;
}

const fix = (cell: Cell, tests: CellTest[]): Promise<Fault | null> => refine(cell, `Fix it: ${named(tests)} must hold.`);
const kept = (cell: Cell): Promise<Fault | null> => done(act("keep_broken", { cell: cell.id }));

async function revert(cell: Cell, text: CellText, version: string): Promise<Fault | null> {
  const answer = await act("versions", { cell: cell.id });
  if (failed(answer)) return answer.fault;
  const its = answer.versions.find((one) => one.id === version);
  return its ? text.restore(its) : { kind: "missing", message: "That version is no longer there." };
}

/** "test 2", "tests 2 and 3". */
function named(tests: CellTest[]): string {
  const numbers = tests.map((test) => test.number);
  if (numbers.length === 1) return `test ${numbers[0]}`;
  return `tests ${numbers.slice(0, -1).join(", ")} and ${numbers.at(-1)}`;
}

function since(tests: CellTest[]): string {
  const turn = tests.length === 1 ? tests[0]!.turn : null;
  return turn ? `, pinned in turn ${turn}` : "";
}

function reason(test: CellTest, v: string): string {
  const { verdict } = test;
  if (!test.expected) return asserted(verdict, v);
  const wanted = /^raises /.test(test.expected) ? test.expected.replace("raises", "should raise") : `should be ${test.expected}`;
  const actual = verdict?.actual ?? "";
  const came = !actual ? `${v} gave nothing` : /^raises /.test(actual) ? `${v} raised ${actual.slice(7)}` : `${v} gave ${actual}`;
  const before = test.held ? `, v${test.held} passed` : "";
  return `${test.call} ${wanted}; ${came}${before}.`;
}

/** Of lines with asserts, the one that failed says more than all of them. */
function asserted(verdict: Verdict | null, v: string): string {
  const actual = verdict?.actual ?? "";
  const detail = (verdict?.detail ?? "").replace(/\.$/, "");
  if (/^raises /.test(actual)) return `${v} raised ${actual.slice(7)}${detail ? `: ${detail}` : ""}.`;
  return `${[detail || "Its asserts should hold", actual && `${v} gave ${actual}`].filter(Boolean).join("; ")}.`;
}
