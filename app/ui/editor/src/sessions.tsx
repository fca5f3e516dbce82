// The sidebar: this browser's sessions, newest first, found, renamed, deleted with a way back.
import { computed, effect, signal } from "@preact/signals";
import { useState } from "preact/hooks";
import { Rename } from "./bars";
import { useFocus } from "./focus";
import { clock, count, day, daysAgo } from "./format";
import { Icon } from "./icons";
import { Menu } from "./menu";
import { Notice } from "./notice";
import { remembered } from "./owner";
import { phone, sheet, sidebar } from "./panes";
import { addressOf, goTo, goToNew, openNew } from "./route";
import { act, failed } from "./server";
import { brand, connection, gone, sessionId, view } from "./store";
import type { SessionRow } from "./types";

const UNDO = 8_000; // ms that a deleted session can be brought back from its row, and as long as keys or pointer are there

const query = signal("");
const found = signal<SessionRow[] | null>(null); // answers to the search, null while nothing is searched
const fallback = signal<SessionRow[]>([]); // asked for, while the stream does not tell
const fault = signal("");
const deleted = signal<ReadonlyMap<string, SessionRow>>(new Map());

const rows = computed<SessionRow[]>(() => {
  const listed = found.value ?? view.value?.sessions ?? fallback.value;
  const others = listed.filter((row) => !deleted.value.has(row.id));
  return [...others, ...deleted.value.values()].sort((a, b) => b.updated_at.localeCompare(a.updated_at));
});

// Where no session can be shown, the others are still there.
effect(() => {
  if (gone.value) void act("sessions", { query: "" }).then((answer) => failed(answer) || (fallback.value = answer.sessions));
});

const told = computed(() => view.value?.sessions); // a new list each time that one of them changed
let timer = 0;
effect(() => {
  void told.value;
  const words = query.value.trim();
  clearTimeout(timer);
  if (words) timer = window.setTimeout(search, 250, words);
  else found.value = null;
});

async function search(words: string): Promise<void> {
  const answer = await act("sessions", { query: words });
  if (words !== query.value.trim()) return;
  fault.value = failed(answer) ? answer.fault.message : "";
  if (!failed(answer)) found.value = answer.sessions;
}

const close = (): void => void (phone.value && (sidebar.value = false));

export function SessionList() {
  return (
    <>
      <div class="brand wide">
        <Icon name="cell" />
        <span class="cut">{brand.value}</span>
      </div>
      <div class="tools">
        <button type="button" class="btn" onClick={() => (close(), void goToNew())}>
          <Icon name="plus" />
          New session
        </button>
        <label class="search">
          <Icon name="search" />
          <span class="vh">Search sessions</span>
          <input
            type="search" placeholder="Search requests and code" value={query.value} maxLength={200}
            onInput={(event) => (query.value = event.currentTarget.value)}
          />
        </label>
      </div>
      <nav class="sessions" aria-label="Saved sessions">
        {fault.value && <Notice tone="fail" title={fault.value} />}
        <Groups />
      </nav>
      <Foot />
    </>
  ); // prettier-ignore
}

function Groups() {
  const groups = new Map<string, SessionRow[]>();
  for (const row of rows.value) groups.set(groupOf(row.updated_at), [...(groups.get(groupOf(row.updated_at)) ?? []), row]);
  if (!rows.value.length && found.value) return <p class="none">Nothing holds “{query.value.trim()}”.</p>;
  if (!rows.value.length && (view.value || gone.value)) return <p class="none">Your sessions will stand here.</p>;
  return (
    <>
      {[...groups].map(([name, its]) => (
        <section key={name} aria-label={name}>
          <h2>{name}</h2>
          <ul>
            {its.map((row) => (
              <li key={row.id}>{deleted.value.has(row.id) ? <Undo row={row} /> : <Row row={row} />}</li>
            ))}
          </ul>
        </section>
      ))}
    </>
  );
}

function groupOf(iso: string): string {
  const days = daysAgo(iso);
  if (days <= 0) return "Today";
  if (days === 1) return "Yesterday";
  return days <= 7 ? "Last week" : "Older";
}

function Row({ row }: { row: SessionRow }) {
  const [renaming, rename] = useState(false);
  const save = async (title: string): Promise<void> => {
    const answer = await act("rename", { session: row.id, title });
    fault.value = failed(answer) ? answer.fault.message : "";
  };
  if (renaming) return <Rename title={row.title} save={(title) => void save(title)} done={() => rename(false)} back={`row-${row.id}`} />;
  const follow = (event: MouseEvent): void => {
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    close();
    goTo(row.id);
  };
  const facts = [row.cells ? count(row.cells, "cell") : "no cells", row.failing ? `${row.failing} failing` : "", row.shared ? "shared" : ""];
  const when = daysAgo(row.updated_at) <= 0 ? clock(row.updated_at) : daysAgo(row.updated_at) > 7 ? day(row.updated_at) : "";
  return (
    <div class="row">
      <a id={`row-${row.id}`} href={addressOf(row.id)} aria-current={row.id === sessionId.value ? "page" : undefined} onClick={follow}>
        <span class="cut" dir="auto">
          {row.title || "New session"}
        </span>
        <span class="sub num">{when}</span>
        <small>{facts.filter(Boolean).join(", ")}</small>
      </a>
      <Menu
        class="btn quiet icon" label={`More for ${row.title || "New session"}`}
        items={[
          { label: "Rename", icon: "pen", run: () => rename(true) },
          { label: "Delete", icon: "bin", run: () => void remove(row) },
        ]}
      >
        <Icon name="more" />
      </Menu>
    </div>
  ); // prettier-ignore
}

// The row that had the focus is gone: its way back takes it.
function Undo({ row }: { row: SessionRow }) {
  return (
    <div class="undo" id={`undo-${row.id}`} role="status">
      <span class="cut grow">
        Deleted <span dir="auto">{row.title || "New session"}</span>
      </span>
      <button type="button" class="btn" ref={useFocus<HTMLButtonElement>()} onClick={() => void restore(row)}>
        Undo
      </button>
    </div>
  );
}

async function remove(row: SessionRow): Promise<void> {
  const answer = await act("delete_session", { session: row.id });
  fault.value = failed(answer) ? answer.fault.message : "";
  if (failed(answer)) return;
  deleted.value = new Map([...deleted.value, [row.id, row]]);
  setTimeout(fade, UNDO, row.id);
  if (row.id === sessionId.value) leave(row.id);
}

let left: string | null = null; // the deleted session that was shown

function leave(id: string): void {
  left = id;
  const next = rows.value.find((row) => row.id !== id && !deleted.value.has(row.id));
  if (next) goTo(next.id);
  else void openNew();
}

async function restore(row: SessionRow): Promise<void> {
  const answer = await act("restore_session", { session: row.id });
  fault.value = failed(answer) ? answer.fault.message : "";
  if (failed(answer)) return;
  forget(row.id);
  if (left === row.id) goTo(row.id);
}

function fade(id: string): void {
  if (document.querySelector(`#undo-${id}:is(:hover, :focus-within)`)) setTimeout(fade, UNDO, id);
  else forget(id);
}

function forget(id: string): void {
  const left = new Map(deleted.value);
  left.delete(id);
  deleted.value = left;
}

function Foot() {
  const engine = view.value?.engine;
  const speed = engine?.tokens_per_second ? `${Math.round(engine.tokens_per_second)} tokens/s` : "";
  return (
    <footer>
      {!remembered && <p class="warn">This browser keeps nothing for this page: your sessions are yours until the tab is closed.</p>}
      {engine && (
        <button type="button" aria-haspopup="dialog" onClick={() => (close(), (sheet.value = { name: "settings" }))}>
          <b class="cut">{engine.name}</b>
          <span class="num">
            {engine.state === "ready" ? [engine.quantisation, engine.placement, speed].filter(Boolean).join(", ") : STATES[engine.state]}
          </span>
        </button>
      )}
      {!engine && connection.value !== "open" && !gone.value && <span>connecting…</span>}
    </footer>
  );
}

const STATES = { empty: "not loaded", fetching: "being fetched", converting: "being converted", loading: "being loaded", failed: "could not be loaded" };
