// Where a deleted cell stood: it can come back for a while, and as long as the keys or the pointer are here.
import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { Notice } from "../notice";
import type { Fault } from "../types";
import { restoreCell } from "./deeds";
import { type Grave, forget } from "./state";

const PATIENCE = 8_000; // ms

export function GraveNotice({ grave }: { grave: Grave }) {
  const box = useRef<HTMLDivElement>(null);
  const fault = useSignal<Fault | null>(null);
  const pointed = useSignal(false);
  const focused = useSignal(false);
  const held = pointed.value || focused.value;
  useEffect(() => {
    if (!grave.unsaved) box.current?.querySelector("button")?.focus();
  }, []);
  useEffect(() => {
    if (held || grave.unsaved || fault.value) return;
    const timer = setTimeout(() => leave(box.current, grave.id), PATIENCE);
    return () => clearTimeout(timer);
  }, [held, fault.value]);
  const undo = async (): Promise<void> => {
    fault.value = await restoreCell(grave.id);
  };
  const name = `Cell ${grave.number}${grave.title && `, ${grave.title},`}`;
  return (
    <div
      ref={box} class="grave" onPointerEnter={() => (pointed.value = true)} onPointerLeave={() => (pointed.value = false)}
      onFocusIn={() => (focused.value = true)} onFocusOut={() => (focused.value = false)}
    >
      <Notice
        tone={fault.value ? "fail" : grave.unsaved ? "warn" : "plain"} icon="bin"
        title={grave.unsaved ? `${name} was deleted in another tab while you typed in it.` : `${name} was deleted.`}
        reason={fault.value?.message ?? (grave.unsaved ? "What you typed is kept: bring the cell back to save it." : "")}
      >
        <button type="button" class="btn accent" onClick={() => void undo()}>{grave.unsaved ? "Bring it back" : "Undo"}</button>
        <button type="button" class="btn quiet" onClick={() => leave(box.current, grave.id)}>Close</button>
      </Notice>
    </div>
  ); // prettier-ignore
}

/** Forgets the cell; keys that were here go on to the next thing in line. */
function leave(box: HTMLElement | null, id: string): void {
  const near = box?.contains(document.activeElement) ? neighbour(box) : null;
  forget(id);
  near?.focus({ preventScroll: true });
}

function neighbour(box: HTMLElement): HTMLElement | null {
  const host = box.parentElement;
  const beside = host?.nextElementSibling ?? host?.previousElementSibling ?? box.closest(".cells")?.querySelector(".add");
  return beside?.querySelector<HTMLElement>("[contenteditable=true], button") ?? null;
}
