// Several answers to one request side by side: tabs, what each came to on every test, what differs, and the choice.
import { useSignal } from "@preact/signals";
import { Icon } from "../icons";
import { Notice } from "../notice";
import { act, failed } from "../server";
import { cellElement } from "../store";
import { type Candidate, type CellTest, type Choosing, type Verdict, result } from "../tested";
import type { Cell, Fault } from "../types";
import { Diff, Listing } from "./diffView";
import { asked } from "./tests";

const MOST = 8; // columns; beyond them only those that decide something are shown

export function Candidates({ cell, choosing }: { cell: Cell; choosing: Choosing }) {
  const picked = useSignal<string | null>(null);
  const fault = useSignal<Fault | null>(null);
  const chosen = choosing.candidates.find((its) => its.id === picked.value) ?? choosing.candidates[0]!;
  const send = async (answer: Promise<object>): Promise<void> => {
    const came = await answer;
    fault.value = failed(came) ? came.fault : null;
  };
  // A change is asked of the version that the cell shows: to refine a candidate is to accept it, and to go on from it.
  const refine = async (): Promise<void> => {
    await send(act("accept", { candidate: chosen.id }));
    if (!fault.value) document.getElementById(cellElement(cell.id))?.querySelector<HTMLElement>(".refine input")?.focus();
  };
  return (
    <section class="choosing" aria-label={`Candidates for cell ${cell.number}`}>
      <Tabs cell={cell} choosing={choosing} chosen={chosen} pick={(id) => (picked.value = id)} />
      <div role="tabpanel" tabIndex={-1} aria-label={`Candidate ${chosen.letter}`}>
        <Matrix cell={cell} choosing={choosing} chosen={chosen} />
        {choosing.question && <Question cell={cell} question={choosing.question} send={send} />}
        <Change cell={cell} chosen={chosen} />
        {fault.value && <Notice tone="fail" title={fault.value.message} />}
        <div class="head-row foot">
          <button type="button" class="btn primary" onClick={() => void send(act("accept", { candidate: chosen.id }))}>
            Accept {chosen.letter}
          </button>
          <button type="button" class="btn" onClick={() => void refine()}>
            Refine {chosen.letter}
          </button>
          <span class="grow" />
          <span class="num">{words(choosing)}</span>
        </div>
      </div>
    </section>
  ); // prettier-ignore
}

function words({ candidates, dropped }: Choosing): string {
  const same = dropped ? `, ${dropped} more ${dropped === 1 ? "was" : "were"} the same code or none` : "";
  return `${candidates.length} candidates${same}`;
}

interface Props {
  cell: Cell;
  choosing: Choosing;
  chosen: Candidate;
}

function Tabs({ cell, choosing, chosen, pick }: Props & { pick: (id: string) => void }) {
  const { candidates } = choosing;
  const keys = (event: KeyboardEvent): void => {
    const at = candidates.indexOf(chosen);
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: -1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    const next = candidates.at(to % candidates.length)!;
    pick(next.id);
    document.getElementById(`tab-${next.id}`)?.focus();
  };
  return (
    <div class="tabs" role="tablist" aria-label={`Candidates for cell ${cell.number}`} onKeyDown={keys}>
      {candidates.map((its) => {
        const { passed, of } = held(its, cell.tests.items);
        return (
          <button
            type="button" role="tab" id={`tab-${its.id}`} aria-selected={its === chosen} tabIndex={its === chosen ? 0 : -1}
            onClick={() => pick(its.id)}
          >
            {of > 0 && <span class={passed === of ? "yes" : "no"}><Icon name={passed === of ? "check" : "fail"} /></span>}
            <b>{its.letter}</b>
            {of > 0 && <span class="num">{passed}/{of}</span>}
          </button>
        );
      })}
    </div>
  ); // prettier-ignore
}

function held({ verdicts }: Candidate, tests: CellTest[]): { passed: number; of: number } {
  const judged = tests.filter((test) => verdicts[test.id] && test.counts);
  return { passed: judged.filter((test) => verdicts[test.id]!.passed).length, of: judged.length };
}

function Matrix({ cell, choosing, chosen }: Props) {
  const { candidates, question } = choosing;
  const tests = cell.tests.items.filter((test) => candidates.some((its) => its.verdicts[test.id]));
  const shown = tests.length > MOST ? tests.filter((test) => decides(test, candidates)) : tests;
  if (!tests.length) return <p class="none">No test could be run: the code has no example, and the model proposed none.</p>;
  return (
    <div class="matrix" role="region" aria-label="What each candidate came to" tabIndex={0}>
      <table>
        <thead>
          <tr>
            <th scope="col"><span class="vh">Candidate</span></th>
            {shown.map((test) => (
              <th scope="col"><span class="num">{test.number}</span> <code class="wide cut" dir="ltr">{inside(test.call)}</code></th>
            ))}
            <th scope="col">agrees with</th>
          </tr>
        </thead>
        <tbody>
          {candidates.map((its) => (
            <tr class={its === chosen ? "on" : ""}>
              <th scope="row">{its.letter}</th>
              {shown.map((test) => (
                <Came verdict={its.verdicts[test.id]} test={test} open={question?.test === test.id && options(question).has(its.letter)} />
              ))}
              <td>{agreement(its, candidates, cell.tests.items)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <Unfinished chosen={chosen} tests={tests} />
      {shown.length < tests.length && <p class="none">{tests.length - shown.length} more tests, on which all agree</p>}
    </div>
  ); // prettier-ignore
}

/** Why a test has no result: the first one tells. */
function Unfinished({ chosen, tests }: { chosen: Candidate; tests: CellTest[] }) {
  const without = ({ id }: CellTest): string => (chosen.verdicts[id]?.actual ? "" : (chosen.verdicts[id]?.detail ?? ""));
  const first = tests.find(without);
  return first ? <p class="none">{chosen.letter}, test {first.number}: {without(first)}</p> : null; // prettier-ignore
}

/** Who holds the same tests, and how many those are; agreement on nothing is none. */
function agreement(its: Candidate, candidates: Candidate[], tests: CellTest[]): string {
  const holds = ({ verdicts }: Candidate): string => tests.flatMap((test) => (test.counts && verdicts[test.id]?.passed ? test.number : [])).join();
  const mine = holds(its);
  const others = candidates.filter((other) => other !== its && holds(other) === mine).map((other) => other.letter);
  return others.length && mine ? `${others.join(", ")} on ${mine.split(",").length}` : "nobody";
}

const options = (question: NonNullable<Choosing["question"]>): Set<string> => new Set(question.options.map((its) => its.letter));

/** A test that is pinned, that somebody fails, or on which they differ. */
function decides(test: CellTest, candidates: Candidate[]): boolean {
  const verdicts = candidates.flatMap((its) => its.verdicts[test.id] ?? []);
  return test.standing === "pinned" || verdicts.some((its) => !its.passed) || new Set(verdicts.map((its) => its.actual)).size > 1;
}

/** The arguments of a simple call, else the call. */
const inside = (call: string): string => /^\w+\(([^()]*)\)$/.exec(call)?.[1] || call;

function Came({ verdict, test, open }: { verdict: Verdict | undefined; test: CellTest; open: boolean }) {
  if (!verdict) return <td>not run</td>;
  const tone = open ? "open" : !test.counts ? "" : verdict.passed ? "yes" : "no";
  const icon = open ? "ask" : !test.counts ? null : verdict.passed ? "check" : "fail";
  return (
    <td class={tone} title={verdict.detail || undefined}>
      {icon && <Icon name={icon} />}
      <span class="vh">{open ? "in question: " : !test.counts ? "" : verdict.passed ? "passes: " : "fails: "}</span>
      <code dir="ltr">{result(verdict).replace(/^raises /, "")}</code>
    </td>
  ); // prettier-ignore
}

interface QuestionProps {
  cell: Cell;
  question: NonNullable<Choosing["question"]>;
  send: (answer: Promise<object>) => Promise<void>;
}

/** Where the best candidates differ and no pinned test decides, the person is asked; the answer is pinned. */
function Question({ cell, question, send }: QuestionProps) {
  const test = cell.tests.items.find((its) => its.id === question.test);
  if (!test) return null;
  const did = (actual: string): string => (/^raises /.test(actual) ? actual : `returns ${actual}`);
  const title = `For ${test.call}: ${question.options.map((its) => `${its.letter} ${did(its.actual)}`).join(", ")}. Which?`;
  return (
    <Notice tone="warn" icon="ask" title={title} reason="Your answer is pinned as a test.">
      {question.options.map((its) => (
        <button type="button" class="btn" onClick={() => void send(act("decide", { test: test.id, expected: its.actual }))}>
          {its.letter}: {did(its.actual).replace("returns", "return").replace("raises", "raise")}
        </button>
      ))}
      <button type="button" class="btn quiet" onClick={() => (asked.value = test.id)}>Something else</button>
    </Notice>
  ); // prettier-ignore
}

function Change({ cell, chosen }: { cell: Cell; chosen: Candidate }) {
  const note = [chosen.seed !== null && `seed ${chosen.seed}`, chosen.tokens !== null && `${chosen.tokens} tokens`, chosen.seconds !== null && `${chosen.seconds.toFixed(1)} s`];
  if (chosen.source === cell.source) {
    return (
      <>
        <div class="head-row"><b>{chosen.letter}</b><span>as it stands in the cell</span><span class="grow" /><span class="num">{note.filter(Boolean).join(", ")}</span></div>
        <Listing source={chosen.source} label={`Candidate ${chosen.letter}`} />
      </>
    ); // prettier-ignore
  }
  return <Diff old={cell.source} now={chosen.source} title={`${chosen.letter} against the cell`} note={note.filter(Boolean).join(", ")} />;
}
