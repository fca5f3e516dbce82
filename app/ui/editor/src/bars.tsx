// The two bars on top: whose session this is and that it is saved; the kernel and what is done with all cells.
import { signal } from "@preact/signals";
import { useRef, useState } from "preact/hooks";
import { afterDrawn, useFocus } from "./focus";
import { clock } from "./format";
import { Icon } from "./icons";
import { Menu, type Item } from "./menu";
import { Notice } from "./notice";
import { phone, sheet, sidebar } from "./panes";
import { actSaved } from "./saved";
import { act, failed, type Faulty } from "./server";
import { cells, connection, gone, pane, sessionId, turns, view } from "./store";
import { save } from "./transfer";
import type { Kernel } from "./types";

const fault = signal(""); // what went wrong with an action of the bars

export async function tell(answer: Promise<object | Faulty>): Promise<void> {
  const came = await answer;
  fault.value = failed(came) ? came.fault.message : "";
}

export function BarFault({ docked = false }: { docked?: boolean }) {
  return fault.value ? (
    <div class={docked ? "untaken" : undefined}>
      <Notice tone="fail" title={fault.value}>
        <button type="button" class="btn quiet" onClick={() => (fault.value = "")}>
          Close
        </button>
      </Notice>
    </div>
  ) : null;
}

// ---------- left ----------

export function LeftBar() {
  return (
    <header class="bar left">
      <button
        type="button" class="btn quiet icon" aria-label="Sessions" aria-expanded={sidebar.value}
        onClick={() => (sidebar.value = !sidebar.value)}
      >
        <Icon name="panel" />
      </button>
      <Title />
      <Saved />
      <Pill />
      <PhoneMenu />
    </header>
  ); // prettier-ignore
}

const TITLE = "session-title";

function Title() {
  const [editing, edit] = useState(false);
  const session = view.value?.session;
  if (!session) return <h1 class="cut wide">{sessionId.value ? "" : "New session"}</h1>;
  const save = (title: string): void => void tell(act("rename", { session: session.id, title }));
  if (editing) return <Rename title={session.title} save={save} done={() => edit(false)} back={TITLE} />;
  return (
    <h1 class="title wide">
      <button type="button" id={TITLE} class="cut" dir="auto" title="Rename" onClick={() => edit(true)}>
        {session.title || "New session"}
      </button>
    </h1>
  );
}

interface RenameProps {
  title: string;
  save: (title: string) => void;
  done: () => void;
  back: string; // id of what stands there again, for the focus of whoever left by a key
}

/** A field in place of a title: Enter or leaving it saves, Esc does not. */
export function Rename({ title, save, done, back }: RenameProps) {
  const left = useRef(false);
  const field = useFocus<HTMLInputElement>((input) => input.select());
  const keep = (event: Event): void => {
    const text = (event.currentTarget as HTMLInputElement).value.trim();
    if (left.current) return;
    left.current = true;
    if (text && text !== title) save(text);
    done();
  };
  const keys = (event: KeyboardEvent): void => {
    event.stopPropagation();
    if (event.key === "Enter" && !event.isComposing) keep(event);
    else if (event.key === "Escape") {
      event.preventDefault();
      left.current = true;
      done();
    } else return;
    afterDrawn(() => document.getElementById(back));
  };
  return (
    <input
      class="field rename" aria-label="Title of the session" dir="auto" maxLength={200} defaultValue={title}
      ref={field} onBlur={keep} onKeyDown={keys}
    />
  ); // prettier-ignore
}

function Saved() {
  const session = view.value?.session;
  const kept = session && (turns.value.length > 0 || cells.value.length > 0);
  const lost = connection.value === "lost" && !gone.value;
  return (
    <span class="status wide num" role="status">
      {lost ? (
        <span class="chip warn" title="The server cannot be reached. What you type is kept and sent when it is back.">
          <Icon name="warn" />
          reconnecting…
        </span>
      ) : (
        kept && `saved ${clock(session.saved_at)}`
      )}
    </span>
  );
}

/** Thread | Cells on a phone. */
function Pill() {
  const walk = (event: KeyboardEvent): void => {
    if (event.key !== "ArrowLeft" && event.key !== "ArrowRight") return;
    pane.value = pane.value === "cells" ? "thread" : "cells";
    const list = event.currentTarget as HTMLElement;
    requestAnimationFrame(() => list.querySelector<HTMLElement>("[aria-selected=true]")?.focus());
  };
  return (
    <div class="pill narrow" role="tablist" aria-label="Pane" onKeyDown={walk}>
      {(["thread", "cells"] as const).map((name) => (
        <button
          type="button" role="tab" aria-controls={`pane-${name}`} aria-selected={pane.value === name}
          tabIndex={pane.value === name ? 0 : -1} onClick={() => (pane.value = name)}
        >
          {name === "thread" ? "Thread" : "Cells"}
        </button>
      ))}
    </div>
  ); // prettier-ignore
}

// ---------- right ----------

export function RightBar() {
  const kernel = view.value?.kernel;
  const stale = cells.value.filter((cell) => cell.stale).length;
  const any = cells.value.length > 0;
  return (
    <div class="bar right">
      {kernel && <KernelStatus kernel={kernel} />}
      <span class="grow" />
      {any && <Button label="Run all" run={() => actSaved("run_all", {})} />}
      {stale > 0 && <Button label={`Run stale (${stale})`} run={() => actSaved("run_stale", {})} />}
      {any && <Button label="Export" run={exported} />}
      {any && (
        <button type="button" class="btn" aria-haspopup="dialog" onClick={() => (sheet.value = { name: "share" })}>
          <Icon name="share" />
          Share
        </button>
      )}
      <button
        type="button" class="btn quiet icon" aria-label="Keys" aria-haspopup="dialog"
        onClick={() => (sheet.value = { name: "keys" })}
      >
        ?
      </button>
    </div>
  ); // prettier-ignore
}

function Button({ label, run }: { label: string; run: () => Promise<object> }) {
  return (
    <button type="button" class="btn quiet num" onClick={() => void tell(run())}>
      {label}
    </button>
  );
}

const DOTS: Record<Kernel["state"], string> = {
  none: "ring", starting: "busy", queued: "ring", idle: "", busy: "busy", dead: "bad", refused: "ring",
}; // prettier-ignore

function KernelStatus({ kernel }: { kernel: Kernel }) {
  const items = kernelItems(kernel);
  const words = (
    <>
      <i class={`dot ${DOTS[kernel.state]}`} />
      <span class="cut num">{kernel.message}</span>
    </>
  );
  if (items.every((item) => item.disabled)) return <span class="status">{words}</span>;
  return (
    <Menu class="status kernel" items={items}>
      {words}
      <Icon name="down" />
    </Menu>
  );
}

function kernelItems(kernel: Kernel): Item[] {
  const alive = ["idle", "busy", "queued"].includes(kernel.state);
  return [
    { label: "Interrupt", hint: "Esc", icon: "stop", disabled: kernel.state !== "busy", run: () => void tell(act("interrupt", {})) },
    { label: "Restart the kernel", hint: "variables go", icon: "again", disabled: !alive && kernel.state !== "dead", run: () => void tell(act("restart", {})) },
    { label: "Inputs and replays", icon: "again", run: () => (sheet.value = { name: "replays" }) },
    { label: "Files", icon: "folder", disabled: kernel.state === "refused", run: () => (sheet.value = { name: "files" }) },
  ]; // prettier-ignore
}

function PhoneMenu() {
  const any = cells.value.length > 0;
  const stale = cells.value.filter((cell) => cell.stale).length;
  const kernel = view.value?.kernel;
  const items: (Item | null)[] = [
    ...(kernel ? [{ label: kernel.message, disabled: true, run: () => {} }, ...kernelItems(kernel), null] : []),
    { label: "Run all", disabled: !any, run: () => void tell(actSaved("run_all", {})) },
    { label: `Run stale (${stale})`, disabled: !stale, run: () => void tell(actSaved("run_stale", {})) },
    null,
    { label: "Share", icon: "share", disabled: !any, run: () => (sheet.value = { name: "share" }) },
    { label: "Export", disabled: !any, run: () => void tell(exported()) },
    { label: "Model and sampling", icon: "sliders", run: () => (sheet.value = { name: "settings" }) },
    { label: "Keys", run: () => (sheet.value = { name: "keys" }) },
  ];
  return phone.value ? (
    <Menu class="btn quiet icon narrow" label="Share, export, settings, keys" items={items}>
      <Icon name="more" />
    </Menu>
  ) : null;
}

/** Fetches the notebook and hands it to the browser as a download. */
async function exported(): Promise<object> {
  const answer = await actSaved("export", {});
  if (failed(answer)) return answer;
  save(new Blob([answer.notebook], { type: "application/x-ipynb+json" }), answer.name);
  return answer;
}
