// The table of inputs: what fills the slots {A} of the dialogue, what should come of it, and what did.
import { useSignal } from "@preact/signals";
import { SideSheet } from "./dialog";
import { Icon } from "./icons";
import { Notice } from "./notice";
import { useOnce } from "./once";
import { act, failed, type Faulty } from "./server";
import { turns, view, writing } from "./store";
import type { Replays, SlotRow } from "./tested";

type Tell = (answer: Promise<object | Faulty>) => Promise<boolean>;

export function ReplaysSheet({ close }: { close: () => void }) {
  const fault = useSignal("");
  const tell: Tell = async (answer) => {
    const came = await answer;
    fault.value = failed(came) ? came.fault.message : "";
    return !failed(came);
  };
  const its = view.value?.session.replays;
  if (!its) return null;
  return (
    <SideSheet title="Inputs and replays" onClose={close}>
      <p class="sub">
        Write a slot such as <code>{"{A}"}</code> into a request, and give it values here. The first row fills the slots when the
        model is asked; a replay runs the whole dialogue on every row.
      </p>
      {fault.value && <Notice tone="fail" title={fault.value} />}
      {its.rows.length > 0 && (
        <>
          <Verdict its={its} />
          <Again its={its} tell={tell} />
        </>
      )}
      {its.rows.map((row, place) => <Row key={row.id} row={row} place={place + 1} slots={its.slots} tell={tell} />)}
      {its.slots.length > 0 && <New slots={its.slots} place={its.rows.length + 1} tell={tell} />}
      {!its.rows.length && <Load tell={tell} />}
    </SideSheet>
  ); // prettier-ignore
}

function Verdict({ its }: { its: Replays }) {
  const done = its.rows.filter((row) => row.result?.current);
  const passed = done.filter((row) => row.result!.passed).length;
  const before = its.rows.some((row) => row.result && !row.result.current) ? ", changed since the replay" : ", not replayed yet";
  const words = its.busy || (done.length ? `${passed} of ${its.rows.length} rows pass` : `${its.rows.length} rows${before}`);
  return <p class="replayed" role="status"><b>{words}</b></p>; // prettier-ignore
}

function Again({ its, tell }: { its: Replays; tell: Tell }) {
  const idle = writing.value !== null || !turns.value.some((turn) => turn.cell);
  if (its.busy) {
    return (
      <div class="act">
        <button type="button" class="btn" onClick={() => void tell(act("stop_replay", {}))}><Icon name="stop" />Stop</button>
      </div>
    ); // prettier-ignore
  }
  return (
    <div class="act">
      <button type="button" class="btn accent" disabled={idle} onClick={() => void tell(act("replay", { anew: false }))}>
        Replay the code
      </button>
      <button type="button" class="btn" disabled={idle} onClick={() => void tell(act("replay", { anew: true }))}>
        Replay, asking anew
      </button>
    </div>
  ); // prettier-ignore
}

interface RowProps {
  row: SlotRow;
  place: number;
  slots: string[];
  tell: Tell;
}

function Row({ row, place, slots, tell }: RowProps) {
  const changed = (form: HTMLFormElement): void => {
    const { inputs, expected } = read(form, slots, row.inputs);
    if (JSON.stringify([inputs, expected]) !== JSON.stringify([row.inputs, row.expected])) {
      void tell(act("edit_row", { row: row.id, inputs, expected }));
    }
  };
  return (
    <form class="slot-row" aria-label={`Row ${place}`} onSubmit={(event) => event.preventDefault()} onChange={(event) => changed(event.currentTarget)}>
      <div class="top">
        <b class="num">{place}</b>
        <span class="grow"><Came row={row} /></span>
        <button type="button" class="btn quiet icon" aria-label={`Remove row ${place}`} onClick={() => void tell(act("remove_row", { row: row.id }))}>
          <Icon name="x" />
        </button>
      </div>
      <Fields slots={slots} row={row} />
    </form>
  ); // prettier-ignore
}

function New({ slots, place, tell }: { slots: string[]; place: number; tell: Tell }) {
  const once = useOnce();
  const add = async (form: HTMLFormElement): Promise<void> => {
    if (!(await tell(act("add_row", read(form, slots, {}))))) return;
    form.reset();
    form.querySelector("input")?.focus();
  };
  const sent = (event: Event): void => {
    event.preventDefault();
    const form = event.currentTarget as HTMLFormElement;
    void once(() => add(form));
  };
  return (
    <form class="slot-row new" aria-label="New row" onSubmit={sent}>
      <div class="top"><b class="num">{place}</b><span class="grow">new row</span></div>
      <Fields slots={slots} row={null} />
      <button type="submit" class="btn"><Icon name="plus" />Add row</button>
    </form>
  ); // prettier-ignore
}

function Fields({ slots, row }: { slots: string[]; row: SlotRow | null }) {
  return (
    <>
      {slots.map((slot) => (
        <label>
          <span class="mono">{`{${slot}}`}</span>
          <input class="field mono" name={slot} autocomplete="off" spellcheck={false} defaultValue={row ? written(row.inputs[slot]) : ""} />
        </label>
      ))}
      <label>
        <span>expected</span>
        <input class="field mono" name=" expected" autocomplete="off" spellcheck={false} defaultValue={row?.expected ?? ""} />
      </label>
    </>
  ); // prettier-ignore
}

/** The values of a row's fields; one that was not touched stays what it was, a number or a list included. */
function read(form: HTMLFormElement, slots: string[], old: Record<string, unknown>): { inputs: Record<string, unknown>; expected: string } {
  const data = new FormData(form);
  const value = (slot: string): unknown => {
    const typed = String(data.get(slot) ?? "");
    return slot in old && typed === written(old[slot]) ? old[slot] : typed;
  };
  return { inputs: Object.fromEntries(slots.map((slot) => [slot, value(slot)])), expected: String(data.get(" expected") ?? "") };
}

const written = (value: unknown): string => (typeof value === "string" ? value : value === undefined ? "" : JSON.stringify(value));

function Came({ row: { result } }: { row: SlotRow }) {
  if (!result) return <span class="chip">not replayed</span>;
  const tone = !result.current ? "stale" : result.passed === null ? "" : result.passed ? "pass" : "fail";
  const said = result.passed === null ? "" : result.passed ? "passes: " : "fails: ";
  return (
    <>
      <span class={`chip ${tone}`}>
        {!result.current ? <Icon name="clock" /> : tone && <Icon name={result.passed ? "check" : "fail"} />}
        <span class="vh">{said}</span>
        <code class="cut" dir="ltr">{result.actual || (result.detail ? "no result" : "nothing")}</code>
      </span>
      {result.anew && <small class="sub"> asked anew</small>}
      {!result.current && <small class="sub"> {result.anew ? "before the requests changed" : "before the code changed"}</small>}
      {result.detail && <small class="said">{result.detail}</small>}
    </>
  ); // prettier-ignore
}

function Load({ tell }: { tell: Tell }) {
  const line = useSignal("");
  const load = async (event: Event): Promise<void> => {
    event.preventDefault();
    if (await tell(act("load_dialogue", { line: line.value }))) line.value = "";
  };
  return (
    <form class="slot-row" aria-label="Load a dialogue" onSubmit={(event) => void load(event)}>
      <label>
        <span>A dialogue as a JSON line with prompts, inputs and outputs (MTPB)</span>
        <textarea
          class="field mono" rows={5} spellcheck={false} value={line.value}
          placeholder={'{"prompts": ["Sort {A}"], "inputs": [{"A": [2, 1]}], "outputs": [[1, 2]]}'} onInput={(event) => (line.value = event.currentTarget.value)}
        />
      </label>
      <button type="submit" class="btn" disabled={!line.value.trim()}>Load and ask</button>
    </form>
  ); // prettier-ignore
}
