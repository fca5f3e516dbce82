// The tests of a cell: a table of calls and expected values, what the code shown returns beside them, and who stands for each.
import { type Signal, signal, useSignal, useSignalEffect } from "@preact/signals";
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";

import { Icon } from "../icons";
import { type Item, Menu } from "../menu";
import { Notice } from "../notice";
import { useOnce } from "../once";
import { act, failed, type Faulty } from "../server";
import { type CellTest, type TestPanel, result } from "../tested";
import type { Cell, Fault } from "../types";
import { say } from "./announcer";
import { keep, kept } from "./cellParts";

/** A test that is to be edited, asked for from elsewhere in the cell. */
export const asked = signal<string | null>(null);

/** A test whose form was closed: its line takes the focus as soon as it stands there again. */
const returned = signal<string | null>(null);

type Tell = (answer: Promise<object | Faulty>) => Promise<boolean>;

/** Which line of the panel is a form: a test's id, "new", or none. */
type Editing = Signal<string | null>;

export function Tests({ cell }: { cell: Cell }) {
  const { items, busy } = cell.tests;
  const chosen = useSignal<boolean | null>(null); // opened or closed by hand
  const noticed = useRef(false);
  const editing = useSignal<string | null>(null);
  const fault = useSignal<Fault | null>(null);
  useSignalEffect(() => {
    if (!items.some((test) => test.id === asked.value)) return;
    editing.value = asked.value;
    asked.value = null;
  });
  const tell: Tell = async (answer) => {
    const came = await answer;
    fault.value = failed(came) ? came.fault : null;
    return !failed(came);
  };
  if (!items.length && !cell.tests.callable && !busy) return null;
  const news = items.some((test) => test.standing === "unconfirmed" || missed(test));
  if (news) noticed.current = true; // what has opened does not close by itself
  const open = editing.value !== null || (chosen.value ?? noticed.current);
  return (
    <section class="tests" aria-label={`Tests of cell ${cell.number}`}>
      <Head cell={cell} open={open} toggle={() => (chosen.value = !open)} editing={editing} tell={tell} />
      {fault.value && (
        <Notice tone="fail" title={fault.value.message}>
          <button type="button" class="btn" onClick={() => (fault.value = null)}>Close</button>
        </Notice>
      )}
      {open && items.length > 0 && <Table cell={cell} editing={editing} tell={tell} />}
      {editing.value === "new" && <Form cell={cell} test={null} editing={editing} tell={tell} />}
    </section>
  ); // prettier-ignore
}

interface HeadProps {
  cell: Cell;
  open: boolean;
  toggle: () => void;
  editing: Editing;
  tell: Tell;
}

function Head({ cell, open, toggle, editing, tell }: HeadProps) {
  const { items, busy } = cell.tests;
  const stop = (): void => void tell(act("stop_tests", { cell: cell.id }));
  return (
    <div class="head-row">
      {items.length > 0 ? (
        <button type="button" class="unfold" aria-expanded={open} onClick={toggle}>
          <b>Tests</b> <span class="num">{standing(cell.tests)}</span><Icon name={open ? "up" : "down"} />
        </button>
      ) : (
        <span class="none"><b>Tests</b> none yet</span>
      )}
      <span class="grow" />
      {busy && <span class="chip live" role="status">{busy}</span>}
      {busy ? (
        <button type="button" class="btn" onClick={stop}><Icon name="stop" />Stop</button>
      ) : (
        <button type="button" class="btn quiet" disabled={!cell.tests.callable} onClick={() => void tell(act("propose_tests", { cell: cell.id }))}>
          <span>Propose<span class="wide"> tests</span></span>
        </button>
      )}
      <button type="button" class="btn quiet" id={adder(cell)} aria-label={`Add a test to cell ${cell.number}`} onClick={() => (editing.value = "new")}>
        <Icon name="plus" /><span class="wide">Add</span>
      </button>
    </div>
  ); // prettier-ignore
}

const adder = (cell: Cell): string => `add-test-${cell.id}`;

function standing({ items }: TestPanel): string {
  const count = (of: CellTest["standing"]): number => items.filter((test) => test.standing === of).length;
  const all = (["pinned", "unconfirmed", "unpinned"] as const).map((of) => count(of) && `${count(of)} ${of}`);
  return all.filter(Boolean).join(", ");
}

function Table({ cell, editing, tell }: { cell: Cell; editing: Editing; tell: Tell }) {
  return (
    <>
      <div class="test heads" aria-hidden="true">
        <span /><span>call</span><span>expected</span><span>v{cell.version.number}</span><span>standing</span>
      </div>
      <ul class="test-list" aria-label={`Tests of cell ${cell.number}`}>
        {cell.tests.items.map((test) =>
          editing.value === test.id ? (
            <li key={test.id}><Form cell={cell} test={test} editing={editing} tell={tell} /></li>
          ) : (
            <Row key={test.id} cell={cell} test={test} editing={editing} tell={tell} />
          ),
        )}
      </ul>
    </>
  ); // prettier-ignore
}

interface RowProps {
  cell: Cell;
  test: CellTest;
  editing: Editing;
  tell: Tell;
}

function Row({ cell, test, editing, tell }: RowProps) {
  const row = useRef<HTMLLIElement>(null);
  useEffect(() => {
    if (returned.peek() !== test.id) return;
    returned.value = null;
    row.current?.focus();
  }, []);
  const stand = (to: "pinned" | "unpinned" | "rejected"): void => {
    if (to === "rejected") (beside(row.current) ?? document.getElementById(adder(cell)))?.focus();
    void tell(act("stand", { test: test.id, standing: to })).then((done) => done && say(`Test ${test.number} ${WORDS[to]}`));
  };
  const edit = (): void => void (editing.value = test.id);
  const keys = (event: KeyboardEvent): void => {
    if (event.target !== event.currentTarget || event.ctrlKey || event.metaKey || event.altKey) return;
    const deed = {
      p: () => stand(test.standing === "pinned" ? "unpinned" : "pinned"),
      e: edit,
      r: () => stand("rejected"),
      Delete: () => stand("rejected"),
      ArrowDown: () => (row.current?.nextElementSibling as HTMLElement | null)?.focus(),
      ArrowUp: () => (row.current?.previousElementSibling as HTMLElement | null)?.focus(),
    }[event.key];
    if (!deed) return;
    event.preventDefault();
    event.stopPropagation();
    deed();
  };
  return (
    <li
      ref={row} class={missed(test) ? "test missed" : "test"} tabIndex={0} onKeyDown={keys}
      aria-label={spoken(test)} aria-keyshortcuts="p e r"
    >
      <span class="n">{test.number}</span>
      <code class="call" dir="ltr">{test.call}</code>
      {test.expected ? (
        <code class={/^raises /.test(test.expected) ? "want" : "want value"} dir="ltr">{test.expected}</code>
      ) : (
        <span class="want">must hold</span>
      )}
      <span class="came"><Came test={test} /></span>
      <span class="by"><Stands test={test} /></span>
      <span class="do">
        {test.standing !== "pinned" && (
          <button type="button" class="btn" aria-label={`Pin test ${test.number}`} onClick={() => stand("pinned")}>Pin</button>
        )}
        <Menu class="btn quiet icon" label={`More for test ${test.number}`} items={choices(test, edit, stand)}><Icon name="more" /></Menu>
      </span>
      <span class="from">{ORIGINS[test.origin]}</span>
      {test.verdict?.passed === false && test.verdict.detail && <span class="detail" dir="auto">{test.verdict.detail}</span>}
    </li>
  ); // prettier-ignore
}

const WORDS = { pinned: "pinned", unpinned: "no longer pinned", rejected: "rejected" } as const;

function choices(test: CellTest, edit: () => void, stand: (to: "pinned" | "unpinned" | "rejected") => void): Item[] {
  const pinned = test.standing === "pinned";
  return [
    { label: "Edit", icon: "pen", hint: "E", run: edit },
    { label: pinned ? "Unpin" : "Pin", icon: "pin", hint: "P", run: () => stand(pinned ? "unpinned" : "pinned") },
    { label: "Reject", icon: "bin", hint: "R", run: () => stand("rejected") },
  ];
}

/** Fails, and somebody stands for it; what a model claimed may itself be what is wrong. */
const missed = (test: CellTest): boolean => test.verdict?.passed === false && test.counts;

/** The neighbour that takes the focus when a line goes. */
const beside = (row: HTMLElement | null): HTMLElement | null =>
  (row?.nextElementSibling ?? row?.previousElementSibling ?? null) as HTMLElement | null;

function Came({ test }: { test: CellTest }) {
  const { verdict } = test;
  if (!verdict) return <span class="chip">not run</span>;
  const words = result(verdict).replace(/^raises /, "");
  return (
    <span class={verdict.passed ? "chip pass" : missed(test) ? "chip fail" : "chip"}>
      <Icon name={verdict.passed ? "check" : missed(test) ? "fail" : "x"} />
      <span class="vh">{verdict.passed ? "passes: " : "fails: "}</span>
      <code class="cut" dir="ltr">{words}</code>
    </span>
  ); // prettier-ignore
}

function Stands({ test }: { test: CellTest }) {
  if (test.standing === "pinned") return <><Icon name="pin" />pinned</>;
  if (test.standing === "unpinned") return <>unpinned</>;
  return <span class="ask"><Icon name="ask" />unconfirmed</span>; // prettier-ignore
}

const ORIGINS = {
  hand: "by hand",
  request: "from the request",
  docstring: "from the docstring",
  answer: "claimed by the answer",
  model: "proposed by the model",
  candidates: "what most candidates return",
  question: "your choice",
} as const;

function spoken(test: CellTest): string {
  const came = test.verdict ? `${test.verdict.passed ? "passes" : "fails"} with ${result(test.verdict)}` : "not run";
  return `Test ${test.number}: ${test.call} ${test.expected ? `should be ${test.expected}` : "should hold"}, ${came}, ${test.standing}, ${ORIGINS[test.origin]}`;
}

interface FormProps {
  cell: Cell;
  test: CellTest | null;
  editing: Editing;
  tell: Tell;
}

/** A test as two fields; what is typed is kept in this browser until it was saved. */
function Form({ cell, test, editing, tell }: FormProps) {
  const key = `cg:test:${test?.id ?? cell.id}`;
  const [oldCall, oldWant] = drafted(key) ?? [test?.call ?? "", test?.expected ?? ""];
  const call = useRef<HTMLTextAreaElement>(null);
  const want = useRef<HTMLInputElement>(null);
  useLayoutEffect(() => call.current?.focus(), []); // before anybody can type on
  const note = (): void => keep(key, JSON.stringify([call.current?.value ?? "", want.current?.value ?? ""]));
  const close = (): void => {
    keep(key, "");
    returned.value = test?.id ?? null;
    if (!test) document.getElementById(adder(cell))?.focus();
    editing.value = null;
  };
  const once = useOnce();
  const send = async (): Promise<void> => {
    const its = { call: call.current?.value ?? "", expected: want.current?.value ?? "" };
    if (!its.call.trim()) return call.current?.focus();
    if (await tell(test ? act("edit_test", { test: test.id, ...its }) : act("add_test", { cell: cell.id, ...its }))) close();
  };
  const save = (event: Event): void => (event.preventDefault(), void once(send));
  const keys = (event: KeyboardEvent): void => {
    if (event.key === "Escape") event.preventDefault(), event.stopPropagation(), close();
    else if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) save(event);
    else if (event.key === "Enter" && event.target === want.current) save(event);
  };
  const came = test?.verdict?.actual;
  return (
    <form class="test-form" onSubmit={save} onKeyDown={keys} onInput={note}>
      <label>
        <span>Call, or lines with asserts</span>
        <textarea
          ref={call} class="field mono" rows={Math.min(6, oldCall.split("\n").length)} spellcheck={false} autocapitalize="off"
          placeholder={`${cell.title || "f"}(…)`} defaultValue={oldCall}
        />
      </label>
      <label>
        <span>Expected</span>
        <input
          ref={want} class="field mono" spellcheck={false} autocapitalize="off" autocomplete="off" placeholder="[1, 2, 3] or raises ValueError"
          defaultValue={oldWant}
        />
      </label>
      <div class="act">
        <button type="submit" class="btn accent">{test ? "Save and pin" : "Add and pin"}</button>
        {came && (
          <button type="button" class="btn" onClick={() => ((want.current!.value = came), note(), want.current!.focus())}>
            Use what it gives now
          </button>
        )}
        <button type="button" class="btn quiet" onClick={close}>Cancel<kbd class="wide">Esc</kbd></button>
      </div>
    </form>
  ); // prettier-ignore
}

function drafted(key: string): [string, string] | null {
  try {
    return JSON.parse(kept(key) || "null") as [string, string] | null;
  } catch {
    return null;
  }
}

