// Tests, candidates and evidence as the server sends them (app/ui/tested.py), and what it can be asked about them.

export interface Verdict {
  passed: boolean;
  actual: string; // a value as Python source, "raises ValueError", or "" where nothing came
  detail: string;
}

export interface CellTest {
  id: string;
  number: number; // within its cell; stays when others go
  call: string;
  expected: string; // "" where the call holds asserts
  standing: "unconfirmed" | "pinned" | "unpinned";
  counts: boolean; // a person stands for it; what a model claims counts only once it is pinned
  origin: "hand" | "request" | "docstring" | "answer" | "model" | "candidates" | "question";
  turn: number | null; // in which it came up, where that is in the branch shown
  verdict: Verdict | null; // on the code that stands there now; null until it was judged
  held: number | null; // of a pinned test that broke: the newest version on which it held
}

export interface TestPanel {
  items: CellTest[];
  callable: boolean; // the cell defines something that a test can call
  busy: string; // what is being done about them, or ""
  held: { id: string; number: number } | null; // the version to go back to where pinned tests broke
}

export interface Score {
  passed: number;
  of: number;
  broke: number[]; // numbers of the pinned tests that held before
}

export interface EvidencePiece {
  key: string;
  kind: "test" | "traceback" | "output" | "upstream" | "audit";
  title: string;
}

export interface Candidate {
  id: string;
  letter: string;
  source: string;
  verdicts: Record<string, Verdict>; // by the test's id
  seed: number | null;
  tokens: number | null;
  seconds: number | null;
}

export interface Choosing {
  turn: number;
  candidates: Candidate[]; // the best first
  dropped: number; // samples that were the same code again, or none
  question: { test: string; options: { letter: string; actual: string }[] } | null;
}

export interface SlotRow {
  id: string;
  inputs: Record<string, unknown>; // by the slot's name
  expected: string;
  result: { passed: boolean | null; actual: string; detail: string; anew: boolean; current: boolean } | null; // of the newest replay
}

export interface Replays {
  slots: string[];
  rows: SlotRow[];
  busy: string; // the replay under way, or ""
}

export interface TestedActions {
  load_dialogue: [{ line: string }, {}];
  add_row: [{ inputs: Record<string, unknown>; expected: string }, { row: string }];
  edit_row: [{ row: string; inputs: Record<string, unknown>; expected: string }, {}];
  remove_row: [{ row: string }, {}];
  replay: [{ anew: boolean }, {}];
  stop_replay: [{}, {}];
  add_test: [{ cell: string; call: string; expected: string }, { test: string }];
  edit_test: [{ test: string; call: string; expected: string }, {}];
  stand: [{ test: string; standing: "pinned" | "unpinned" | "rejected" }, {}];
  judge: [{}, {}];
  propose_tests: [{ cell: string }, {}];
  stop_tests: [{ cell: string }, {}];
  keep_broken: [{ cell: string }, {}];
  repair: [{ cell: string }, {}];
  accept: [{ candidate: string }, {}];
  decide: [{ test: string; expected: string }, {}];
}

/** How many of the judged tests pass, and how many were judged. */
export function score(panel: TestPanel): { passed: number; of: number } {
  const judged = panel.items.filter((test) => test.verdict !== null && test.counts);
  return { passed: judged.filter((test) => test.verdict!.passed).length, of: judged.length };
}

/** What a test came to, in a word. */
export const result = ({ passed, actual, detail }: Verdict): string => actual || (passed ? "holds" : detail ? "no result" : "nothing");

export const broken = (panel: TestPanel): CellTest[] => panel.items.filter((test) => test.held !== null);

/** What somebody asked or claimed and running it denied: what a repair would be about. */
export const failing = (panel: TestPanel): CellTest[] =>
  panel.items.filter((test) => test.verdict?.passed === false && test.counts);
