// The cell that is there before there is one: what is typed into it becomes the first cell, without the typist noticing.
import { useComputed, useSignal } from "@preact/signals";
import { useLayoutEffect, useRef } from "preact/hooks";
import { Icon } from "../icons";
import { Notice } from "../notice";
import { act, failed } from "../server";
import { view } from "../store";
import type { Cell, Fault } from "../types";
import { CodeView } from "./codeView";
import { choose, wanted } from "./state";
import { textOf } from "./texts";

const PAUSE = 400; // ms without typing until the cell is made

/** Text that is on its way to become a cell. */
export class Seed {
  editor: CodeView | null = null;
  fault: (fault: Fault | null) => void = () => {};
  private sent: string | null = null;
  private cell: string | null = null;
  private then: "run" | null = null;
  private timer = 0;

  constructor(private readonly session: string) {}

  get text(): string {
    return this.editor?.text ?? "";
  }

  get waits(): boolean {
    return this.sent !== null || this.text.trim() !== "";
  }

  type(): void {
    keep(this.key, this.text);
    clearTimeout(this.timer);
    this.timer = window.setTimeout(() => void this.plant(), PAUSE);
  }

  get kept(): string {
    return keptAt(this.key);
  }

  run(): void {
    this.then = "run";
    void this.plant();
  }

  async plant(): Promise<void> {
    if (this.sent !== null || !this.text.trim()) return;
    clearTimeout(this.timer);
    const source = (this.sent = this.text);
    const answer = await act("add_cell", { after: null, source });
    if (!failed(answer)) {
      this.cell = answer.cell;
      return;
    }
    this.sent = null;
    this.fault(answer.fault);
    if (answer.fault.kind === "offline") this.timer = window.setTimeout(() => void this.plant(), 4_000);
  }

  /** Takes the cell that grew from this text; true if it is the one. */
  becomes(cell: Cell): boolean {
    if (this.sent === null || (cell.id !== this.cell && cell.source !== this.sent)) return false;
    const text = textOf(this.session, cell);
    if (this.editor) {
      text.drawn = this.editor.drawn();
      text.adopt(this.editor.text, this.sent);
      if (this.editor.view.hasFocus) wanted.value = { cell: cell.id, line: null };
    }
    clearTimeout(this.timer);
    this.editor = null;
    choose(cell.id, true);
    keep(this.key, "");
    if (this.then === "run") void text.run();
    [this.sent, this.cell, this.then] = [null, null, null];
    return true;
  }

  private get key(): string {
    return `cg:seed:${this.session}`;
  }
}

export function Ghost({ seed }: { seed: Seed }) {
  const place = useRef<HTMLDivElement>(null);
  const fault = useSignal<Fault | null>(null);
  const primary = useSignal(false);
  const refused = useComputed(() => view.value?.kernel.state === "refused").value;
  const ready = useComputed(() => view.value?.engine.state === "ready").value;
  useLayoutEffect(() => {
    seed.fault = (it) => (fault.value = it);
    const editor = new CodeView({ parent: place.current!, source: seed.kept, drawn: null, onType: () => seed.type() });
    editor.name("Code of a new cell");
    seed.editor = editor;
    if (seed.kept) seed.type();
    return () => {
      if (seed.editor === editor) seed.editor = null;
      editor.destroy();
    };
  }, [seed]);
  const hint = ready ? "Write Python here, or ask for a function" : "Write Python here while the model loads";
  useLayoutEffect(() => seed.editor?.hint(hint), [seed, hint]);
  const keys = (event: KeyboardEvent): void => {
    if (event.key !== "Enter" || event.isComposing || !(event.shiftKey || event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    event.stopPropagation();
    if (!refused) seed.run();
  };
  return (
    <article class="cell ghost" aria-label="New cell" onKeyDownCapture={keys} onFocusIn={() => (primary.value = true)} onFocusOut={() => (primary.value = false)}>
      <header>
        <span class="n">1</span>
        <h2 class="sub grow">untitled</h2>
        <button type="button" class={primary.value ? "btn primary run" : "btn run"} disabled={refused} onClick={() => seed.run()}>
          <Icon name="play" />Run{primary.value && <kbd class="wide">Shift Enter</kbd>}
        </button>
      </header>
      {fault.value && <Notice tone="fail" title={fault.value.message} />}
      <div class="code" ref={place} />
    </article>
  ); // prettier-ignore
}

function keptAt(key: string): string {
  try {
    return sessionStorage.getItem(key) ?? "";
  } catch {
    return "";
  }
}

function keep(key: string, value: string): void {
  try {
    if (value) sessionStorage.setItem(key, value);
    else sessionStorage.removeItem(key);
  } catch {
    return; // without storage the text lives as long as the page
  }
}
