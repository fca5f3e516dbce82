// The editor of one cell, kept in step with its text, with what the server says of the cell, and with its last failure.
import { useSignalEffect } from "@preact/signals";
import type { RefObject } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import type { Cell } from "../types";
import { warnedLines } from "./audit";
import type { CellText } from "./cellText";
import { CodeView } from "./codeView";
import { failedLine } from "./format";
import { wanted } from "./state";

export function Code({ cell, text, hidden }: { cell: Cell; text: CellText; hidden: boolean }) {
  const place = useRef<HTMLDivElement>(null);
  const editor = useRef<CodeView | null>(null);
  const arriving = useRef(false);
  const writing = cell.version.status === "writing";
  const line = failedLine(cell.run);

  useLayoutEffect(() => {
    const view = new CodeView({
      parent: place.current!,
      source: text.local.value,
      drawn: text.drawn,
      onType: (source) => text.type(source),
    });
    editor.current = view;
    text.show = (source, undoable) => view.show(source, undoable);
    takeFocus(cell.id, view);
    return () => {
      text.show = () => {};
      text.drawn = arriving.current ? null : view.drawn();
      view.destroy();
    };
  }, [text]);

  const follow = useFollowing(place, writing);
  useLayoutEffect(() => {
    if (writing) {
      editor.current!.showArriving(cell.source, cell.before);
      follow();
    } else if (arriving.current) editor.current!.endArriving(text.local.value);
    arriving.current = writing;
  }, [writing, cell.source, cell.before]);

  useLayoutEffect(() => {
    const state = writing ? `, version ${cell.version.number}, being written` : line ? `, error on line ${line}` : "";
    editor.current!.name(`Code of cell ${cell.number}${state}`);
  }, [cell.number, cell.version.number, writing, line]);

  // A line is marked anew with every run, and not again once it has been edited.
  useLayoutEffect(() => {
    if (!writing) editor.current!.markError(line);
  }, [cell.run?.id, cell.run?.status, line, writing]);

  // A change that is not scanned yet keeps the marks where they have moved to.
  const { audit } = cell.version;
  useLayoutEffect(() => {
    if (writing) editor.current!.markWarned([]);
    else if (audit && text.local.value === cell.source) editor.current!.markWarned(warnedLines(audit));
  }, [text, audit, cell.source, writing]);

  useSignalEffect(() => {
    if (wanted.value?.cell === cell.id && editor.current) takeFocus(cell.id, editor.current);
  });

  useLayoutEffect(() => {
    if (!hidden) takeFocus(cell.id, editor.current!);
  }, [hidden]);

  return <div class="code" ref={place} hidden={hidden} aria-busy={writing} />;
}

/** Keeps what is being written in sight, until the person scrolls or types somewhere else. */
export function useFollowing(place: RefObject<HTMLElement>, writing: boolean): () => void {
  const following = useRef(false);
  useLayoutEffect(() => {
    const pane = place.current?.closest<HTMLElement>(".cells");
    if (!writing || !pane) return;
    following.current = !pane.querySelector(".cm-content:focus");
    const leave = (): void => {
      following.current = false;
    };
    const ended = new AbortController();
    for (const name of ["wheel", "touchmove", "focusin", "keydown"]) {
      pane.addEventListener(name, leave, { passive: true, signal: ended.signal });
    }
    return () => ended.abort();
  }, [writing]);
  return () => {
    if (following.current) place.current?.querySelector(".caret")?.scrollIntoView({ block: "nearest" });
  };
}

function takeFocus(id: string, view: CodeView): void {
  const now = wanted.peek();
  if (now?.cell !== id || view.hidden) return;
  wanted.value = null;
  if (now.line) view.goTo(now.line);
  else view.focus();
}
