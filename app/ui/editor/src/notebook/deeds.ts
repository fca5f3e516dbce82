// What the pane asks the server to do with cells. Each returns the fault to show where it was asked, or null.
import { actSaved } from "../saved";
import { act, failed } from "../server";
import { cells, turns } from "../store";
import type { Cell, Fault } from "../types";
import type { CellText } from "./cellText";
import { bury, choose, forget, wanted } from "./state";

export async function addCell(after: string | null, source = ""): Promise<Fault | null> {
  const answer = await act("add_cell", { after, source });
  if (failed(answer)) return answer.fault;
  choose(answer.cell, true);
  wanted.value = { cell: answer.cell, line: null };
  return null;
}

export async function deleteCell(cell: Cell, text: CellText): Promise<Fault | null> {
  await text.flush(); // so that undo brings back what was on the screen
  bury(cell, false);
  const answer = await act("delete_cell", { cell: cell.id });
  if (!failed(answer)) return null;
  forget(cell.id);
  return answer.fault;
}

export async function restoreCell(id: string): Promise<Fault | null> {
  const answer = await act("restore_cell", { cell: id });
  if (failed(answer)) return answer.fault;
  forget(id);
  choose(id, true);
  wanted.value = { cell: id, line: null };
  return null;
}

const GLANCE = 20; // ms between two looks at the store
const LONGEST_WAIT = 3000; // ms; a lost connection must not hold up the next move
let moves: Promise<unknown> = Promise.resolve();

/** Moves a cell by so many places; moves asked for in a hurry each start from where the last one led. */
export function moveBy(id: string, steps: number): Promise<Fault | null> {
  const done = moves.then(() => {
    const here = cells.value.findIndex((cell) => cell.id === id);
    return here < 0 ? null : moveTo(id, here + steps);
  });
  moves = done;
  return done;
}

export async function moveTo(id: string, index: number): Promise<Fault | null> {
  const here = cells.value.findIndex((cell) => cell.id === id);
  const place = Math.max(0, Math.min(index, cells.value.length - 1));
  if (here === place) return null;
  const answer = await act("move_cell", { cell: id, index: place });
  if (failed(answer)) return answer.fault;
  await shownAt(id, place);
  return null;
}

/** Waits until the stream shows the cell at its new place: the next move starts from there. */
async function shownAt(id: string, place: number): Promise<void> {
  for (let waited = 0; cells.value[place]?.id !== id && waited < LONGEST_WAIT; waited += GLANCE) {
    await new Promise((resolve) => setTimeout(resolve, GLANCE));
  }
}

/** Runs a cell and moves on: to the next one, or to a new one below the last. */
export async function runAndMoveOn(cell: Cell, text: CellText): Promise<Fault | null> {
  const next = cells.value[cell.number];
  if (next) {
    choose(next.id, true);
    wanted.value = { cell: next.id, line: null };
    return text.run();
  }
  const fault = await text.run();
  return fault ?? addCell(cell.id);
}

/** Asks the model to change a cell, as it stands on the screen. */
export async function refine(cell: Cell, request: string): Promise<Fault | null> {
  const answer = await actSaved("ask", { request, target: cell.id });
  return failed(answer) ? answer.fault : null;
}

/** Asks the model for tests of a cell, as it stands on the screen. */
export async function proposeTests(cell: Cell): Promise<Fault | null> {
  const answer = await actSaved("propose_tests", { cell: cell.id });
  return failed(answer) ? answer.fault : null;
}

/** Stops what is being written into a cell, or what runs. */
export async function stop(cell: Cell): Promise<Fault | null> {
  const turn = turns.value.find((it) => it.status === "writing" && it.cell?.id === cell.id);
  const answer = turn ? await act("stop", { turn: turn.id }) : await act("interrupt", {});
  return failed(answer) ? answer.fault : null;
}
