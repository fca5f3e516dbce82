// The small parts of a cell: its notices, its Refine line, the places where a cell is added or moved to.
import { type Signal, useSignal } from "@preact/signals";
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import { Icon } from "../icons";
import { Notice } from "../notice";
import { cells } from "../store";
import type { Cell, Fault } from "../types";
import type { CellText } from "./cellText";
import { addCell, moveTo, refine } from "./deeds";
import { Diff } from "./diffView";

/** What went wrong in this cell: an action that was refused, or text that could not be saved yet. */
export function Faults({ fault, text }: { fault: Signal<Fault | null>; text: CellText }) {
  const unsaved = text.fault.value;
  return (
    <>
      {fault.value && (
        <Notice tone="fail" title={fault.value.message}>
          <button type="button" class="btn" onClick={() => (fault.value = null)}>Close</button>
        </Notice>
      )}
      {unsaved && (
        <Notice tone="warn" title="Not saved yet; your text is kept in this browser." reason={unsaved.message}>
          <button type="button" class="btn" onClick={() => void text.flush()}>Try now</button>
        </Notice>
      )}
    </>
  ); // prettier-ignore
}

/** Both sides changed the cell: nothing is sent and nothing is lost until the person has decided. */
export function Conflicted({ cell, text }: { cell: Cell; text: CellText }) {
  const comparing = useSignal(false);
  const conflict = text.conflict.value;
  if (!conflict) return null;
  const { version } = cell;
  const title = version.origin === "model" && version.turn ? `Turn ${version.turn} rewrote this cell while you typed.` : "Changed in another tab."; // prettier-ignore
  return (
    <>
      <Notice tone="warn" icon="fork" title={title} reason="What you typed is kept here and is not saved until you choose.">
        <button type="button" class="btn" onClick={() => text.keepMine()}>Keep mine</button>
        <button type="button" class="btn" onClick={() => text.takeTheirs()}>Take theirs</button>
        <button type="button" class="btn quiet" aria-expanded={comparing.value} onClick={() => (comparing.value = !comparing.value)}>
          Compare
        </button>
      </Notice>
      {comparing.value && <Diff old={conflict.source} now={text.local.value} title="Mine against theirs" />}
    </>
  ); // prettier-ignore
}

interface RefineProps {
  cell: Cell;
  session: string;
  fail: (fault: Fault | null) => void;
}

/** One line that asks the model to change this cell. */
export function Refine({ cell, session, fail }: RefineProps) {
  const field = useRef<HTMLInputElement>(null);
  const sending = useSignal(false);
  const key = `cg:refine:${session}:${cell.id}`;
  useEffect(() => {
    if (field.current) field.current.value = kept(key);
  }, [key]);
  const send = async (event: Event): Promise<void> => {
    event.preventDefault();
    const request = field.current?.value.trim() ?? "";
    if (!request || sending.value) return;
    sending.value = true;
    const fault = await refine(cell, request);
    sending.value = false;
    fail(fault);
    if (fault || field.current?.value.trim() !== request) return;
    field.current.value = "";
    keep(key, "");
  };
  return (
    <form class="refine" onSubmit={(event) => void send(event)}>
      <Icon name="right" />
      <input
        ref={field} placeholder={`Refine cell ${cell.number}`} aria-label={`Refine cell ${cell.number}`} enterkeyhint="send"
        autocomplete="off" aria-busy={sending.value} onInput={(event) => keep(key, event.currentTarget.value)}
      />
    </form>
  ); // prettier-ignore
}

export function kept(key: string): string {
  try {
    return sessionStorage.getItem(key) ?? "";
  } catch {
    return "";
  }
}

export function keep(key: string, value: string): void {
  try {
    if (value) sessionStorage.setItem(key, value);
    else sessionStorage.removeItem(key);
  } catch {
    return; // without storage the line lives as long as the page
  }
}

/** Adds a cell below another one, or below the last. */
export function Add({ after }: { after: Cell | null }) {
  const fault = useSignal<Fault | null>(null);
  const add = async (): Promise<void> => {
    fault.value = await addCell(after?.id ?? cells.value.at(-1)?.id ?? null);
  };
  const words = after ? `Add a cell below cell ${after.number}` : "Add a cell";
  return (
    <div class={after ? "add between" : "add"}>
      <button type="button" class={after ? "btn quiet icon" : "btn quiet"} aria-label={after ? words : undefined} onClick={() => void add()}>
        <Icon name="plus" />{!after && words}
      </button>
      {fault.value && <Notice tone="fail" title={fault.value.message} />}
    </div>
  ); // prettier-ignore
}

interface PlaceProps {
  cell: Cell;
  attempt: (deed: Promise<Fault | null>) => void;
  done: () => void;
}

/** Asks for the place to move a cell to. */
export function Place({ cell, attempt, done }: PlaceProps) {
  const pick = useRef<HTMLSelectElement>(null);
  useLayoutEffect(() => pick.current?.focus(), []);
  const move = (event: Event): void => {
    event.preventDefault();
    attempt(moveTo(cell.id, Number(pick.current?.value) - 1));
    done();
  };
  return (
    <form class="past" onSubmit={move} onKeyDown={(event) => event.key === "Escape" && (event.stopPropagation(), done())}>
      <label>
        Move cell {cell.number} to place{" "}
        <select ref={pick} class="pick">
          {cells.value.map(({ number }) => <option value={number} selected={number === cell.number}>{number}</option>)}
        </select>
      </label>
      <span class="grow" />
      <button type="submit" class="btn">Move</button>
      <button type="button" class="btn quiet" onClick={done}>Cancel</button>
    </form>
  ); // prettier-ignore
}
