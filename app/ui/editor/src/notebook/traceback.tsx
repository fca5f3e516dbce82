// An exception: what it says, where it came from, and a way on.
import { useSignal } from "@preact/signals";
import { count } from "../format";
import { Notice } from "../notice";
import { cells, showCell } from "../store";
import type { Cell, Failure, Fault, Frame } from "../types";
import { refine } from "./deeds";
import { raised } from "./format";
import { wanted } from "./state";

interface Props {
  cell: Cell;
  failure: Failure;
  mend: boolean; // the model can be asked to fix it: the code failed, nobody stopped it
}

export function Traceback({ cell, failure, mend }: Props) {
  return (
    <div class="tb" role="group" aria-label={`Error in cell ${cell.number}`}>
      <p class="what" dir="auto">{raised(failure)}</p>
      {failure.frames.length > 0 && (
        <dl>
          {failure.frames.map((frame) => (
            <>
              <dt><Place frame={frame} />{frame.function && ` in ${frame.function}`}</dt>
              <dd dir="ltr">{frame.text}</dd>
            </>
          ))}
        </dl>
      )}
      {mend ? <Fix cell={cell} failure={failure} /> : <div class="act"><Hidden failure={failure} /></div>}
    </div>
  ); // prettier-ignore
}

function Place({ frame }: { frame: Frame }) {
  const { cell } = frame;
  if (cell === null || !cells.peek().some((it) => it.id === cell)) return <span>{frame.label}</span>;
  const go = (): void => {
    showCell(cell);
    wanted.value = { cell, line: frame.line };
  };
  return <button type="button" class="place" onClick={go}>{frame.label}</button>; // prettier-ignore
}

function Fix({ cell, failure }: { cell: Cell; failure: Failure }) {
  const fault = useSignal<Fault | null>(null);
  const asked = useSignal(false);
  const frame = failure.frames.filter((it) => it.here).at(-1);
  const fix = async (): Promise<void> => {
    asked.value = true;
    fault.value = await refine(cell, requestOf(failure, frame));
    asked.value = false;
  };
  return (
    <>
      <div class="act">
        <button type="button" class="btn accent" aria-disabled={asked.value} onClick={() => asked.value || void fix()}>Fix</button>
        <span>sends the error{frame && ` and line ${frame.line}`} with cell {cell.number}</span>
        <Hidden failure={failure} />
      </div>
      {fault.value && <Notice tone="fail" title={fault.value.message} />}
    </>
  ); // prettier-ignore
}

function Hidden({ failure }: { failure: Failure }) {
  return failure.hidden > 0 ? <span>{count(failure.hidden, "frame")} in libraries hidden</span> : null;
}

const MESSAGE = 500; // characters of an error's message that go into a request

function requestOf(failure: Failure, frame: Frame | undefined): string {
  const what = `Fix the error: ${raised(failure).slice(0, MESSAGE)}`;
  return frame ? `${what} at line ${frame.line}: ${frame.text.trim()}` : what;
}
