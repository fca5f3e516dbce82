// The conversation: requests, what was said to them, and a card for each answer that leads to its cell.
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { Card } from "./card";
import { CostLine } from "./cost";
import { afterDrawn, useFocus } from "./focus";
import { Hello } from "./hello";
import { Icon } from "./icons";
import { Menu, type Item } from "./menu";
import { Notice } from "./notice";
import { useOnce } from "./once";
import { sheet } from "./panes";
import { actSaved } from "./saved";
import { act, failed, type Faulty } from "./server";
import { Announcer } from "./announcer";
import { activeCell, cellElement, cells, connection, showCell, turns, view, writing } from "./store";
import type { Target, Turn } from "./types";
import { Folded, Said } from "./words";

const NEAR_END = 64; // px: so near the end, the thread follows what is written

export function Thread() {
  const list = turns.value;
  useFollowAnswers();
  if (!view.value) return <div class="turns" aria-busy="true">{connection.value === "lost" && <Unreached />}</div>;
  return (
    <>
      {list.length ? <Log list={list} /> : <Hello />}
      <Announcer key={view.value.session.id} />
    </>
  );
}

const Unreached = () => <Notice title="The server cannot be reached." reason="The page connects again by itself." />;

/** Makes the cell that is being written the active one, and shows it unless the hands are on another. */
function useFollowAnswers(): void {
  const last = turns.value.at(-1);
  const session = view.value?.session;
  const newest = last?.cell?.number ? last.cell.id : null;
  const live = last?.status === "writing";
  useEffect(() => {
    if (!newest) return;
    if (activeCell.peek() === null) activeCell.value = cells.peek().some((cell) => cell.id === session?.target) ? session!.target : newest;
    if (!live || document.getElementById("pane-cells")?.contains(document.activeElement)) return;
    activeCell.value = newest;
    requestAnimationFrame(() => document.getElementById(cellElement(newest))?.scrollIntoView({ block: "nearest" }));
  }, [session?.id, newest, live]);
}

function Log({ list }: { list: Turn[] }) {
  const box = useRef<HTMLDivElement>(null);
  const atEnd = useRef(true);
  const last = useRef<string>();
  useLayoutEffect(() => {
    const newest = list.at(-1)?.id;
    if (atEnd.current || newest !== last.current) box.current?.scrollTo({ top: box.current.scrollHeight });
    last.current = newest;
  });
  const scrolled = (event: Event): void => {
    const { scrollHeight, scrollTop, clientHeight } = event.currentTarget as HTMLElement;
    atEnd.current = scrollHeight - scrollTop - clientHeight < NEAR_END;
  };
  // The log itself is not live: what is written would be read out token by token. The announcer says it once.
  return (
    <div class="turns" ref={box} role="log" aria-live="off" aria-label="Turns" tabIndex={0} onScroll={scrolled}>
      {list.map((turn) => (
        <TurnView key={turn.id} turn={turn} />
      ))}
    </div>
  );
}

const editorOf = (turn: Turn): string => `edit-${turn.id}`;

function TurnView({ turn }: { turn: Turn }) {
  const [editing, edit] = useState(false);
  const [fault, setFault] = useState("");
  const tell = async (answer: Promise<object | Faulty>): Promise<boolean> => {
    const came = await answer;
    setFault(failed(came) ? came.fault.message : "");
    return !failed(came);
  };
  const ended = turn.status === "failed" || turn.status === "cut" || turn.status === "stopped";
  return (
    <article class="turn" aria-label={`Turn ${turn.number}`}>
      <span class="n">{turn.number}</span>
      <div class="its">
        {editing ? (
          <Edit turn={turn} tell={tell} done={() => (edit(false), afterDrawn(() => document.getElementById(editorOf(turn))))} />
        ) : (
          <>
            <Tools turn={turn} tell={tell} edit={() => edit(true)} />
            <p class="ask" dir="auto">
              <Folded text={turn.request} />
            </p>
          </>
        )}
        {turn.about && <About about={turn.about} />}
        {turn.carried.length > 0 && <Carried turn={turn} />}
        {turn.prose && <Said text={turn.prose} />}
        <Card turn={turn} />
        {turn.cost && <CostLine cost={turn.cost} />}
        {turn.status === "done" && turn.message && <Notice {...sentences(turn.message)} />}
        {ended && <Ended turn={turn} again={() => void tell(actSaved("regenerate", { turn: turn.id }))} />}
        {fault && <Notice tone="fail" title={fault} />}
      </div>
    </article>
  );
}

/** A message as a notice: its first sentence, and what follows. */
function sentences(message: string): { title: string; reason: string } {
  const end = message.indexOf(". ") + 1 || message.length;
  return { title: message.slice(0, end), reason: message.slice(end).trim() };
}

function About({ about }: { about: NonNullable<Turn["about"]> }) {
  return (
    <button type="button" class="chip about" onClick={() => showCell(about.id)}>
      about cell {about.number}
    </button>
  );
}

/** The evidence that went along with a request; the sheet behind it has the words. */
function Carried({ turn }: { turn: Turn }) {
  return (
    <p class="carried">
      <span>with</span>
      {turn.carried.map((title) => (
        <button
          type="button" class="chip" title="What the model saw" aria-haspopup="dialog"
          onClick={() => (sheet.value = { name: "sees", of: { turn: turn.id } })}
        >
          {title}
        </button>
      ))}
    </p>
  );
}

const ENDS = {
  failed: ["fail", "No answer came of this.", ""],
  cut: ["warn", "Cut off: the server ended while it wrote.", "What came is kept."],
  stopped: ["warn", "Stopped.", ""],
} as const;

type Tell = (answer: Promise<object | Faulty>) => Promise<boolean>;

function Tools({ turn, tell, edit }: { turn: Turn; tell: Tell; edit: () => void }) {
  const busy = turn.status === "writing" || turn.status === "queued";
  const others = busy && turn.id !== writing.value?.id; // the composer stops the first one
  return (
    <span class="tools">
      {turn.branch.count > 1 && <Branch turn={turn} tell={tell} />}
      {others && (
        <button type="button" class="btn" onClick={() => void tell(act("stop", { turn: turn.id }))}>
          <Icon name="stop" />
          Leave the queue
        </button>
      )}
      {busy ? (
        !others && <span class="room" />
      ) : (
        <>
          <button type="button" id={editorOf(turn)} class="btn quiet icon" aria-label={`Edit request ${turn.number}`} onClick={edit}>
            <Icon name="pen" />
          </button>
          <Menu class="btn quiet icon" label={`More for turn ${turn.number}`} items={choices(turn, tell)}>
            <Icon name="more" />
          </Menu>
        </>
      )}
    </span>
  );
}

function choices(turn: Turn, tell: Tell): (Item | null)[] {
  const copied = (text: string) => () => void navigator.clipboard?.writeText(text);
  const move = (target: Target) => () => void tell(actSaved("move_answer", { turn: turn.id, target }));
  const others = cells.value.filter((cell) => cell.id !== turn.cell?.id);
  const movable = turn.cell && turn.cell.number !== null && !turn.unchanged;
  return [
    { label: "Regenerate", icon: "again", run: () => void tell(actSaved("regenerate", { turn: turn.id })) },
    { label: "What the model saw", icon: "eye", run: () => (sheet.value = { name: "sees", of: { turn: turn.id } }) },
    null,
    { label: "Copy the request", icon: "copy", run: copied(turn.request) },
    { label: "Copy the answer", icon: "copy", disabled: !turn.prose, run: copied(turn.prose) },
    ...(movable ? [null, { label: "Move to a new cell", icon: "move" as const, run: move("new") }] : []),
    ...(movable
      ? others.map((cell) => ({ label: `Move to cell ${cell.number}`, hint: cell.title, icon: "move" as const, run: move(cell.id) }))
      : []),
  ]; // prettier-ignore
}

function Branch({ turn, tell }: { turn: Turn; tell: Tell }) {
  const { index, count, previous, next } = turn.branch;
  const go = (to: string | null) => () => void (to && tell(act("show_branch", { turn: to })));
  return (
    <span class="ver" role="group" aria-label={`Branch ${index} of ${count}`}>
      <button type="button" aria-label="Previous branch" aria-disabled={!previous} onClick={go(previous)}>
        <Icon name="left" />
      </button>
      {index}/{count}
      <button type="button" aria-label="Next branch" aria-disabled={!next} onClick={go(next)}>
        <Icon name="right" />
      </button>
    </span>
  );
}

/** The request as a field; what is sent starts a branch, and the old one stays. */
function Edit({ turn, tell, done }: { turn: Turn; tell: Tell; done: () => void }) {
  const [text, write] = useState(turn.request);
  const field = useFocus<HTMLTextAreaElement>();
  const once = useOnce();
  const ask = async (): Promise<void> => {
    if (text.trim() && (await tell(actSaved("edit_turn", { turn: turn.id, request: text })))) done();
  };
  const send = (): void => void once(ask);
  const keys = (event: KeyboardEvent): void => {
    if (event.key === "Escape") {
      event.preventDefault();
      event.stopPropagation();
      done();
    } else if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      send();
    }
  };
  return (
    <form class="edit" onSubmit={(event) => (event.preventDefault(), send())}>
      <textarea
        class="field" rows={Math.min(8, text.split("\n").length + 1)} aria-label={`Request ${turn.number}`} dir="auto" value={text}
        ref={field} onInput={(event) => write(event.currentTarget.value)} onKeyDown={keys}
      />
      <div class="act">
        <button type="submit" class="btn primary" disabled={!text.trim()}>
          Ask again
        </button>
        <button type="button" class="btn quiet" onClick={done}>
          Cancel<kbd class="wide">Esc</kbd>
        </button>
        <span class="sub">starts a branch; the old one is kept</span>
      </div>
    </form>
  ); // prettier-ignore
}

function Ended({ turn, again }: { turn: Turn; again: () => void }) {
  if (turn.status === "stopped" && !turn.message) return null; // somebody knows why
  const [tone, title, reason] = ENDS[turn.status as keyof typeof ENDS];
  const part = turn.status === "failed" && (turn.cell || turn.prose);
  return (
    <Notice tone={tone} title={part ? "The answer broke off." : title} reason={turn.message || reason}>
      <button type="button" class="btn" onClick={again}>
        Try again
      </button>
    </Notice>
  );
}
