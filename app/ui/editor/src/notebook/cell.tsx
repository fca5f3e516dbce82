// One cell. It reads its own signal only, so that a change of another cell never draws it again.
import { useComputed, useSignal, useSignalEffect } from "@preact/signals";
import { useLayoutEffect, useMemo, useRef } from "preact/hooks";
import { activeCell, cellElement, view } from "../store";
import type { Cell, Fault } from "../types";
import { Add, Conflicted, Faults, Place, Refine } from "./cellParts";
import { Findings, Risky } from "./audit";
import { Candidates } from "./candidates";
import { Code } from "./code";
import { stop } from "./deeds";
import { Asked, Evidence, Stopped } from "./evidence";
import { runs } from "./format";
import { Header, Row } from "./header";
import { History, type Looking, lookAt } from "./history";
import { keyed } from "./keys";
import { menuOf } from "./menuOf";
import { Outputs } from "./outputs";
import { Ratchet } from "./ratchet";
import { cellOf, choose, hands, isOpen, total, wanted } from "./state";
import { Tests } from "./tests";
import { textOf } from "./texts";
import { Traceback } from "./traceback";

export function CellCard({ id, session }: { id: string; session: string }) {
  const cell = cellOf(id).value;
  return cell ? <Card cell={cell} session={session} /> : null;
}

function Card({ cell, session }: { cell: Cell; session: string }) {
  const text = useMemo(() => textOf(session, cell), [session, cell.id]);
  const looking = useSignal<Looking | null>(null);
  const moving = useSignal(false);
  const fault = useSignal<Fault | null>(null);
  const article = useRef<HTMLElement>(null);
  const active = useComputed(() => activeCell.value === cell.id).value;
  const primary = useComputed(() => hands.value === cell.id).value;
  const refused = useComputed(() => view.value?.kernel.state === "refused").value;
  const open = isOpen(cell, active);
  const writing = cell.version.status === "writing";
  const first = writing && cell.before === null; // nothing was there before: nothing under it could have gone away
  const choosing = writing || looking.value ? null : cell.choosing;

  useLayoutEffect(() => {
    if (writing) looking.value = null;
  }, [writing]);
  useSignalEffect(() => {
    if (wanted.value?.cell !== cell.id) return;
    looking.value = null;
    choose(cell.id, true);
  });
  useSignalEffect(() => {
    if (activeCell.value === cell.id && !article.current?.contains(document.activeElement)) reopen(cell.id);
  });

  const fail = (answer: Fault | null): void => {
    fault.value = answer;
  };
  const attempt = (deed: Promise<Fault | null>): void => void deed.then(fail);
  const run = (): void => {
    looking.value = null; // what runs is what is on the screen
    attempt(text.run());
  };
  const page = (number: number): void => {
    if (number === cell.version.number) looking.value = null;
    else if (looking.value?.versions.some((version) => version.number === number)) {
      looking.value = { ...looking.value, at: number, against: null };
    } else attempt(lookAt(cell, looking, number, "code"));
  };
  const menu = menuOf({
    cell,
    text,
    open,
    attempt,
    place: () => (moving.value = true),
    look: (what) => {
      choose(cell.id, true);
      attempt(lookAt(cell, looking, cell.version.number, what));
    },
  });
  const keys = (event: KeyboardEvent): void => {
    if (keyed(event, cell, text, refused, attempt)) event.preventDefault(), event.stopPropagation();
  };

  return (
    <>
      <article
        ref={article} id={cellElement(cell.id)} data-cell={cell.id} tabIndex={-1}
        class={`cell${active ? " on" : ""}${open ? "" : " shut"}`} aria-label={`Cell ${cell.number}, ${cell.title || "untitled"}`}
        aria-busy={writing || runs(cell.run)} onFocusIn={() => (activeCell.value = cell.id)} onKeyDownCapture={keys}
      >
        {open ? (
          <>
            <Header
              cell={cell} looking={looking.value} unsaved={!!text.fault.value} refused={refused} primary={primary}
              menu={menu} page={page} run={run} stop={() => attempt(stop(cell))}
            />
            {moving.value && <Place cell={cell} attempt={attempt} done={() => (moving.value = false)} />}
            <Faults fault={fault} text={text} />
            <Conflicted cell={cell} text={text} />
            <Risky cell={cell} text={text} run={() => attempt(text.run(true))} />
            {looking.value && <History cell={cell} text={text} looking={looking} fail={fail} />}
            {choosing && <Candidates cell={cell} choosing={choosing} />}
            <Code cell={cell} text={text} hidden={!!looking.value || !!choosing} />
            {!looking.value && <Under cell={cell} refused={refused} attempt={attempt} />}
            {!looking.value && !first && <Tests cell={cell} />}
            {!looking.value && !first && <Refine cell={cell} session={session} fail={fail} />}
            {!looking.value && <Ratchet cell={cell} text={text} />}
          </>
        ) : (
          <>
            <Row cell={cell} menu={menu} open={() => (choose(cell.id, true), (wanted.value = { cell: cell.id, line: null }))} />
            {moving.value && <Place cell={cell} attempt={attempt} done={() => (moving.value = false)} />}
            <Faults fault={fault} text={text} />
            <Conflicted cell={cell} text={text} />
          </>
        )}
      </article>
      {open && cell.number < total.value && <Add after={cell} />}
    </>
  ); // prettier-ignore
}

/** A tapped card opens its cell; what the person has closed on purpose as well. */
function reopen(id: string): void {
  queueMicrotask(() => choose(id, true));
}

interface UnderProps {
  cell: Cell;
  refused: boolean;
  attempt: (deed: Promise<Fault | null>) => void;
}

function Under({ cell, refused, attempt }: UnderProps) {
  const { run } = cell;
  const writing = cell.version.status === "writing";
  return (
    <>
      <Evidence cell={cell} refused={refused} />
      {!writing && <Findings cell={cell} attempt={attempt} />}
      {!writing && <Stopped cell={cell} />}
      {run && run.outputs.length > 0 && <Outputs run={run} number={cell.number} stale={writing || cell.stale !== null} />}
      {run?.failure && !runs(run) && <Traceback cell={cell} failure={run.failure} mend={run.status === "error" && !writing} />}
      {run?.asks && <Asked cell={cell} />}
    </>
  ); // prettier-ignore
}
