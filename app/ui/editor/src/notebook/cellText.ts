// The text of one cell between the person who types and the server that keeps it. What is typed always wins on this
// screen; the server's text is taken where nothing is unsaved, and where both changed the person is asked.
import { signal } from "@preact/signals";
import { act, failed } from "../server";
import type { Cell, Conflict, Fault, Version } from "../types";
import { normal } from "./lines";

const PAUSE = 400; // ms without typing until the text is sent
const LONGEST = 3_000; // ms until it is sent although the typing goes on
const RETRIES = [1_000, 2_000, 4_000, 8_000, 15_000]; // ms until it is sent again

interface Kept {
  source: string;
  stored: string;
  sent: string | null;
  revision: number;
}

/** Where the text is drawn. `undoable`: the person asked for this change and may take it back. */
export type Show = (source: string, undoable: boolean) => void;

export class CellText {
  readonly local = signal(""); // what is on the screen
  readonly conflict = signal<Conflict | null>(null);
  readonly fault = signal<Fault | null>(null);
  readonly risky = signal(""); // why the audit advises against running what stands here, said when it was to run
  show: Show = () => {};
  drawn: unknown = null; // the editor's cursor and undo history while it is closed

  private stored: string; // what the server holds at `revision`
  private sent: string | null = null; // the last text sent; the server may hold it although no answer came
  private revision: number;
  private passed = -1; // the server's word on this revision or an older one is out of date
  private seen: Cell;
  private queue: Promise<unknown> = Promise.resolve();
  private busy = 0;
  private timer = 0;
  private due = 0; // when the text is sent at the latest, in ms of performance.now
  private tries = 0;
  private kept = false; // something is in the browser's storage

  constructor(
    private readonly session: string,
    cell: Cell,
  ) {
    this.seen = cell;
    this.stored = this.local.value = normal(cell.source);
    this.revision = cell.revision;
    this.recall();
    this.settle();
  }

  get dirty(): boolean {
    return this.local.value !== this.stored;
  }

  /** The server's newest word on this cell. */
  take(cell: Cell): void {
    if (cell === this.seen) return;
    this.seen = cell;
    if (this.fault.value?.kind === "missing") this.fault.value = null; // it is back
    this.settle();
  }

  /** The person changed the text. */
  type(source: string): void {
    this.local.value = source;
    this.risky.value = "";
    this.keep();
    if (!this.conflict.value) this.schedule(PAUSE);
  }

  /** Text typed before the cell existed on the server, which holds `stored` of it. */
  adopt(source: string, stored: string): void {
    this.stored = stored;
    this.type(source);
  }

  /** Sends what is unsaved now; true once the server holds it. */
  flush(): Promise<boolean> {
    return this.inTurn(async () => {
      while (this.dirty && (await this.write()));
      return !this.dirty;
    });
  }

  /** Runs what is on the screen; where the audit advises against it, `risky` says why and nothing runs. */
  run(anyway = false): Promise<Fault | null> {
    return this.inTurn(async () => {
      this.risky.value = "";
      if (this.conflict.value) return UNDECIDED;
      for (;;) {
        const source = (this.sent = this.local.value);
        const answer = await act("run", this.args({ source, revision: this.revision, anyway }));
        if (failed(answer)) return answer.fault;
        if ("conflict" in answer) {
          if (this.rebase(answer.conflict)) continue;
          return null; // the cell shows the conflict
        }
        // The revision that the run made comes with the live stream; what was seen before it is old.
        if ("risky" in answer) this.risky.value = answer.risky;
        if (source !== this.stored) this.passed = this.revision;
        this.stored = source;
        this.keep();
        return null;
      }
    });
  }

  /** Makes a new version out of an old one; what was typed is saved as a version of its own first. */
  restore(version: Version): Promise<Fault | null> {
    return this.inTurn(async () => {
      while (this.dirty && (await this.write()));
      if (this.dirty) return this.fault.value ?? UNDECIDED;
      const answer = await act("restore", this.args({ version: version.id, revision: this.revision }));
      if (failed(answer)) return answer.fault;
      if ("conflict" in answer) this.conflict.value = answer.conflict;
      else this.replace(normal(version.source), answer.revision, false);
      return null;
    });
  }

  keepMine(): void {
    const { conflict } = this;
    if (!conflict.value) return;
    this.base(normal(conflict.value.source), conflict.value.revision);
    void this.flush();
  }

  takeTheirs(): void {
    const theirs = this.conflict.value;
    if (theirs) this.replace(normal(theirs.source), theirs.revision, true);
  }

  /** Copies what is unsaved to where a closed tab leaves it for the next one. */
  leave(): void {
    if (this.dirty) write("localStorage", this.key, this.entry());
  }

  private replace(source: string, revision: number, undoable: boolean): void {
    this.base(source, revision);
    this.local.value = source;
    this.keep();
    this.show(source, undoable);
  }

  private base(source: string, revision: number): void {
    this.stored = source;
    this.revision = revision;
    this.conflict.value = null;
    this.keep();
  }

  /** Compares with what was seen last; while a write is under way its answer is waited for first. */
  private settle(): void {
    const { seen } = this;
    if (this.busy || seen.version.status === "writing" || seen.revision < this.revision) return;
    if (seen.revision <= this.passed) return;
    const theirs = normal(seen.source);
    if (this.mine(theirs)) this.base(theirs, seen.revision);
    else if (!this.dirty) this.replace(theirs, seen.revision, false);
    else if (this.conflict.value?.source !== theirs || this.conflict.value.revision !== seen.revision) {
      this.conflict.value = { source: theirs, revision: seen.revision };
    }
    if (this.dirty && !this.conflict.value && !this.fault.value && !this.timer) this.schedule(PAUSE);
  }

  private mine(theirs: string): boolean {
    return theirs === this.stored || theirs === this.local.value || theirs === this.sent;
  }

  private rebase(conflict: Conflict): boolean {
    const theirs = normal(conflict.source);
    if (this.mine(theirs)) {
      this.base(theirs, conflict.revision);
      return true;
    }
    this.conflict.value = { source: theirs, revision: conflict.revision };
    return false;
  }

  private schedule(pause: number): void {
    const now = performance.now();
    if (!this.timer) this.due = now + Math.max(LONGEST, pause);
    clearTimeout(this.timer);
    this.timer = window.setTimeout(() => {
      this.timer = 0;
      void this.inTurn(() => this.write());
    }, Math.min(pause, this.due - now));
  }

  /** One write of the newest text; false if there is nothing to gain from another. */
  private async write(): Promise<boolean> {
    if (!this.dirty || this.conflict.value || this.seen.version.status === "writing") return false;
    const source = (this.sent = this.local.value);
    const answer = await act("edit", this.args({ source, revision: this.revision }));
    if (failed(answer)) {
      this.refused(answer.fault);
      return false;
    }
    this.fault.value = null;
    this.tries = 0;
    if ("conflict" in answer) {
      const again = this.rebase(answer.conflict);
      if (again && this.dirty) this.schedule(0);
      return again;
    }
    this.base(source, answer.revision);
    return true;
  }

  private refused(fault: Fault): void {
    this.fault.value = fault;
    if (fault.kind === "refused" || fault.kind === "missing") return;
    this.schedule(RETRIES[Math.min(this.tries++, RETRIES.length - 1)]!);
  }

  /** Writes of one cell go one after another, so that each names the revision that the one before it made. */
  private inTurn<T>(job: () => Promise<T>): Promise<T> {
    this.busy++;
    const done = this.queue.then(job).finally(() => {
      this.busy--;
      this.settle();
    });
    this.queue = done.catch(() => undefined);
    return done;
  }

  // A write that waited belongs to the session it was typed in, whichever is shown by then.
  private args<T extends object>(more: T): T & { session: string; cell: string } {
    return { session: this.session, cell: this.seen.id, ...more };
  }

  private get key(): string {
    return `cg:text:${this.session}:${this.seen.id}`;
  }

  private entry(): Kept {
    return { source: this.local.value, stored: this.stored, sent: this.sent, revision: this.revision };
  }

  private keep(): void {
    if (!this.dirty) return this.forget();
    this.kept = true;
    write("sessionStorage", this.key, this.entry());
  }

  private forget(): void {
    if (!this.kept) return;
    this.kept = false;
    remove("sessionStorage", this.key);
    remove("localStorage", this.key);
  }

  private recall(): void {
    const kept = read("sessionStorage", this.key) ?? read("localStorage", this.key);
    if (!kept) return;
    this.kept = true;
    this.local.value = kept.source;
    this.stored = kept.stored;
    this.sent = kept.sent;
    this.revision = kept.revision;
    remove("localStorage", this.key);
    this.keep();
  }
}

const UNDECIDED: Fault = {
  kind: "conflict",
  message: "This cell was changed elsewhere while you typed. Decide below which text to keep, then do this again.",
};

// Storage can be full or switched off: the text then lives as long as the page.
type Place = "sessionStorage" | "localStorage";

function write(place: Place, key: string, value: Kept): void {
  try {
    window[place].setItem(key, JSON.stringify(value));
  } catch {
    remove(place, key); // never an older text than the one on the screen
  }
}

function remove(place: Place, key: string): void {
  try {
    window[place].removeItem(key);
  } catch {
    return;
  }
}

function read(place: Place, key: string): Kept | null {
  try {
    return JSON.parse(window[place].getItem(key) ?? "null") as Kept | null;
  } catch {
    return null;
  }
}
