// What the server sends (app/ui/view.py) and takes (app/ui/actions/). Names are those of docs/architecture.md.
import type { Choosing, EvidencePiece, Replays, Score, TestPanel, TestedActions } from "./tested";

export type TurnStatus = "queued" | "writing" | "done" | "stopped" | "failed" | "cut";
export type RunStatus = "queued" | "running" | "ok" | "error" | "interrupted" | "limit" | "died" | "cut";
export type Origin = "model" | "hand" | "restored" | "forked";
export type Target = "auto" | "new" | string; // a string that is neither word is a cell's id

export interface Sampling {
  temperature: number; // 0 is greedy
  top_p: number;
  max_tokens: number;
  seed: number | null; // null: a new seed each time, kept with the turn
}

export interface SessionHead {
  id: string;
  title: string;
  draft: string; // what stands in the composer
  target: Target;
  sampling: Sampling;
  model: string; // catalogue id
  saved_at: string; // ISO 8601, UTC
  shares: Share[]; // the links that work now
  replays: Replays;
}

export interface Share {
  token: string;
  path: string; // "s/<token>", relative to the page
  updated_at: string;
  current: boolean; // false: the session has changed since the copy was made
}

export interface Turn {
  id: string;
  number: number; // its place in the branch shown, from 1
  request: string;
  prose: string;
  status: TurnStatus;
  message: string; // why it failed, or its place in the queue
  about: { id: string; number: number } | null; // the cell that an answer in words speaks of
  carried: string[]; // titles of the evidence that the model was told
  cell: { id: string; number: number | null; version: number } | null; // number is null once the cell was deleted
  lines: number; // of code written so far, also while it is open which cell they go to; 0 once the answer has ended
  unplaced: string; // the code so far, while it is open which cell it goes to, else ""
  branch: { index: number; count: number; previous: string | null; next: string | null }; // siblings: other requests at this place
  model: string;
  cost: Cost | null; // of an answer that has ended, where a token came
  seed: number | null;
  unchanged: boolean; // the answer was the code as it was: its version is the one that stood there
  score: Score | null; // of the tests on its version; null where none was judged
}

export interface Cost {
  tokens_in: number;
  tokens_out: number;
  estimated: boolean; // the tokens were not counted by the model's tokenizer
  seconds: number;
  first_token_seconds: number | null;
  tokens_per_second: number | null; // after the first
  money: number | null; // in the currency of the machine's price per hour, where that is known
  per_million: number | null; // money for a million tokens written at this pace
}

export interface VersionHead {
  id: string;
  number: number;
  count: number; // how many versions the cell has
  origin: Origin;
  status: "writing" | "open" | "whole" | "stopped" | "cut";
  turn: number | null; // the turn that wrote it, where it is in the branch shown
  parent: number | null; // number of the version it came from
  audit: Audit | null; // null until it was scanned
}

export interface Audit {
  state: "read" | "unreadable" | "failed";
  message: string; // why it was not read
  line: number | null; // where it does not parse
  findings: Finding[];
  words: string; // "1 warning"
}

export interface Finding {
  line: number;
  severity: "low" | "medium" | "high"; // low: a note
  confidence: "low" | "medium" | "high";
  rule: string; // Bandit's id, or "missing": an import that leads nowhere
  reason: string;
  request: string; // what Fix asks for
}

export interface Version extends VersionHead {
  source: string;
  created_at: string;
  model: string;
  quantisation: string;
  weights: string; // SHA-256 of the weights that wrote it, "" where it is not known
  sampling: Record<string, number | null>;
  sha256: string;
  repeatable: boolean; // a turn wrote it
}

export interface Cell {
  id: string;
  number: number; // its place, from 1
  title: string; // the name of its function, else ""
  revision: number; // a write must name it
  source: string;
  version: VersionHead;
  before: string | null; // while the model writes: the source of the version it replaces, else null
  stale: string | null; // why its output cannot be trusted: "edited since it ran", "ran with cell 1 v1", "the kernel was restarted"
  run: Run | null;
  tests: TestPanel;
  evidence: EvidencePiece[]; // goes along with the next request about the cell
  choosing: Choosing | null; // candidates of which none was accepted yet
}

export interface Run {
  id: string;
  status: RunStatus;
  message: string;
  version: number; // of the cell, that gave the outputs
  exact: boolean; // they are of exactly the code shown
  execution_count: number | null;
  milliseconds: number | null;
  outputs: Output[]; // of a run that has not begun or never did: of the one before
  failure: Failure | null; // likewise
  asks: { prompt: string; password: boolean } | null; // input() waits for an answer
}

export interface Failure {
  name: string;
  message: string;
  frames: Frame[];
  hidden: number; // frames in libraries, not shown
}

export interface Frame {
  cell: string | null; // id, where the cell is known
  label: string; // "cell 3, line 5"
  line: number;
  function: string; // "" at the top level
  text: string;
  here: boolean; // in the cell that ran, on the code shown: the line can be marked
}

export type Output =
  | { kind: "text"; name: "stdout" | "stderr" | "result"; text: string; cut: boolean }
  | { kind: "image"; url: string; alt: string } // data: URL of an allowed type
  | { kind: "table"; head: string[][]; rows: string[][]; index: number; caption: string } // the first `index` columns are labels
  | { kind: "frame"; document: string } // whole document for a sandboxed frame, its own CSP inside
  | { kind: "prose"; html: string } // sanitised on the server
  | { kind: "json"; text: string };

export interface Kernel {
  state: "none" | "starting" | "queued" | "idle" | "busy" | "dead" | "refused";
  message: string; // ready to show: "kernel idle, 212 MB"
  sealed: boolean;
  notice: string; // why cells do not run here, or that they are not sealed; "" if there is nothing to say
}

export interface Engine {
  state: "empty" | "fetching" | "converting" | "loading" | "ready" | "failed";
  model: string;
  name: string;
  quantisation: string;
  placement: string; // "gpu.example.org:8000"; "" on this machine
  remote: boolean; // the model is on the server that `placement` names
  done_bytes: number;
  total_bytes: number;
  bytes_per_second: number;
  seconds_left: number | null;
  tokens_per_second: number | null;
  message: string; // the failure and the way out
  failure: string; // why another model could not be fetched, while this one stays
}

export interface SessionRow {
  id: string;
  title: string;
  cells: number;
  failing: number;
  shared: boolean;
  updated_at: string;
}

export interface Model {
  id: string;
  name: string;
  parameters: string; // "1.5 B"
  licence: string;
  context: number;
  size: string; // "1.1 GB"
  style: "chat" | "codegen";
  on_disk: boolean;
  fits: boolean;
  note: string; // what would make it fit, or where it comes from
}

export interface View {
  session: SessionHead;
  turns: Turn[];
  cells: Cell[];
  kernel: Kernel;
  engine: Engine;
  sessions: SessionRow[];
}

// A patch replaces what it names. `order` lists the ids that exist, in order; what it leaves out is gone.
export interface Patch {
  session?: SessionHead;
  turns?: { changed: Turn[]; order: string[] };
  cells?: { changed: Cell[]; order: string[] };
  kernel?: Kernel;
  engine?: Engine;
  sessions?: SessionRow[];
}

export type Message = { type: "view"; view: View } | { type: "patch"; patch: Patch } | { type: "gone"; message: string };

export interface Part {
  title: string;
  text: string;
  tokens: number;
  kept: boolean;
  why?: string; // why it was left out or cut; older turns do not say
}

export interface Sees {
  cell?: string | null; // of a request not sent yet: the cell that it would change
  parts: Part[];
  tokens: number;
  window: number;
  reserved: number;
  estimated?: boolean; // the tokens are estimates; older turns do not say
}

export interface SessionFile {
  name: string; // its path in the session's folder
  size: number; // bytes
  changed_at: string;
}

export interface Files {
  files: SessionFile[]; // newest first
  used: number; // bytes on disk, of what counts
  room: number; // bytes that a session may use
  largest: number; // bytes that one file may have
  kept: boolean; // they outlive the kernel
  keepable: boolean; // this server can keep them
}

// Every answer is a result or a fault; a fault names the thing and the way out.
export interface Fault {
  message: string;
  kind: "refused" | "conflict" | "missing" | "busy" | "storage" | "offline";
}

export interface Conflict {
  source: string; // what is stored now
  revision: number;
}

// The actions and their answers. Every call also carries the owner's key and, but for new_session and forks, the session's id.
export interface Actions extends TestedActions {
  new_session: [{}, { session: string }];
  fork: [{ token: string }, { session: string }];
  sessions: [{ query: string }, { sessions: SessionRow[] }];
  rename: [{ title: string; session: string }, {}];
  delete_session: [{ session: string }, {}];
  restore_session: [{ session: string }, {}];
  draft: [{ text: string; session: string }, {}]; // names its session: it may be saved after the page has moved on
  aim: [{ target: Target }, {}];
  settings: [{ sampling: Sampling }, {}];
  models: [{}, { models: Model[] }];
  use_model: [{ model: string }, {}];
  retry_model: [{}, {}];
  ask: [{ request: string; target: Target; without?: string[]; candidates?: number; first_pass?: boolean }, { turn: string }];
  stop: [{ turn: string }, {}];
  regenerate: [{ turn: string }, { turn: string }];
  edit_turn: [{ turn: string; request: string }, { turn: string }];
  repeat: [{ version: string }, { turn: string }];
  show_branch: [{ turn: string }, {}];
  move_answer: [{ turn: string; target: Target }, {}];
  sees: [{ request: string; target: Target; without?: string[] } | { turn: string }, Sees];
  add_cell: [{ after: string | null; source: string }, { cell: string }];
  delete_cell: [{ cell: string }, {}];
  restore_cell: [{ cell: string }, {}];
  move_cell: [{ cell: string; index: number }, {}];
  edit: [{ cell: string; source: string; revision: number }, { revision: number } | { conflict: Conflict }];
  versions: [{ cell: string }, { versions: Version[] }];
  restore: [{ cell: string; version: string; revision: number }, { revision: number } | { conflict: Conflict }];
  run: [{ cell: string; source: string; revision: number; anyway?: boolean }, { run: string } | { conflict: Conflict } | { risky: string }];
  run_all: [{}, {}];
  run_stale: [{}, {}];
  interrupt: [{}, {}];
  restart: [{}, {}];
  answer: [{ run: string; text: string }, {}];
  files: [{}, Files];
  remove_file: [{ name: string }, {}];
  keep_files: [{ kept: boolean }, {}];
  share: [{}, { share: Share }];
  revoke: [{ token: string }, {}];
  export: [{}, { name: string; notebook: string }];
}
