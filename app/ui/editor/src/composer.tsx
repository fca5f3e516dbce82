// Where requests are written: which cell they are about, how much the model sees of it, Send and Stop.
import { computed, effect, signal } from "@preact/signals";
import { useLayoutEffect, useRef } from "preact/hooks";
import { Chips, aimed, removed, without } from "./chips";
import { Tries, firstPass, tries } from "./tries";
import { TESTS } from "./commands";
import { focused, giveBack, text, write } from "./draft";
import { loading } from "./format";
import { Icon } from "./icons";
import { Menu, type Item } from "./menu";
import { Notice } from "./notice";
import { phone, sheet } from "./panes";
import { actSaved } from "./saved";
import { act, failed, type Faulty } from "./server";
import { Suggestions, comboboxOf, suggests } from "./suggestions";
import { cells, connection, pane, sessionId, showCell, turns, view, writing } from "./store";
import type { Sees, Target } from "./types";

const LONGEST = 100_000; // characters; the server holds the same limit
const FIELD = "composer-request";

const refusal = signal<{ session: string | null; why: string } | null>(null); // of the last request that was not taken
const fault = computed(() => (refusal.value?.session === sessionId.value ? (refusal.value?.why ?? "") : ""));
const told = signal(""); // why what stands here cannot be sent, said when somebody tries
const sending = signal(false);
const seen = signal<Sees | null>(null); // the prompt that would be sent

// The chip answers at once; the server's word counts again when another session is shown or a request was sent.
const picked = signal<{ session: string | null; target: Target } | null>(null);
const target = computed<Target>(() => {
  const asked = picked.value?.session === sessionId.value ? picked.value.target : (view.value?.session.target ?? "auto");
  return asked === "auto" || asked === "new" || cells.value.some((cell) => cell.id === asked) ? asked : "auto";
});

/** There are slots to fill: in the dialogue, or in what stands here. */
const slotted = computed(() => Boolean(view.value?.session.replays.slots.length) || /\{[A-Za-z_]\w*\}/.test(text.value));

const ready = computed(() => view.value?.engine.state === "ready");

/** Why what stands in the composer cannot be sent now, or "". */
const hindrance = computed((): string => {
  const request = text.value;
  if (!request.trim()) return "Write a request first.";
  if (request.length > LONGEST)
    return `The request has ${request.length.toLocaleString()} characters; ${LONGEST.toLocaleString()} is the most. Shorten it, or put data into a cell.`;
  const engine = view.value?.engine;
  if (!engine) return "The session is being opened.";
  if (engine.state === "failed") return "There is no model to ask: see the notice over the cells, or choose another.";
  return ready.value ? "" : `${loading(engine)}. It can be sent when the model is ready.`;
});

export const composerField = (): HTMLElement | null => document.getElementById(FIELD);
export const focusComposer = (): void => composerField()?.focus();

/** Puts a request into the composer and sends it, where it can be sent. */
export function offer(request: string): void {
  write(request);
  if (hindrance.value) focusComposer();
  else void send();
}

/** Puts a request about a cell into the composer, with the cursor behind it. */
export function begin(request: string, cell: string): void {
  picked.value = { session: sessionId.value, target: cell };
  void act("aim", { target: cell });
  write(request);
  pane.value = "thread";
  requestAnimationFrame(focusComposer);
}

export function stop(): boolean {
  const turn = writing.value;
  if (turn) void act("stop", { turn: turn.id });
  return turn !== null;
}

async function send(): Promise<void> {
  refusal.value = null;
  told.value = hindrance.value;
  if (told.value || sending.value) return;
  const [request, aim, session] = [text.value, target.value, sessionId.value];
  sending.value = true;
  write("");
  const proposing = request.trim() === TESTS;
  const answer = proposing ? await propose(aim) : await actSaved("ask", { request, target: aim, without: without(), candidates: tries.value, first_pass: firstPass.value });
  sending.value = false;
  if (!failed(answer)) {
    picked.value = null;
    removed.value = new Set();
    tries.value = 1;
    return;
  }
  if (session) giveBack(session, request);
  refusal.value = { session, why: answer.fault.message };
}

/** Asks for tests of the cell that the request would change, or of the one answered last. */
async function propose(aim: Target): Promise<object | Faulty> {
  const last = turns.value.findLast((turn) => turn.cell?.number)?.cell?.id ?? cells.value.at(-1)?.id;
  const cell = cells.value.some((one) => one.id === aim) ? aim : last;
  if (!cell) return { fault: { kind: "refused", message: "There is no cell yet to test. Ask for some code first." } };
  showCell(cell);
  return actSaved("propose_tests", { cell });
}

// The count follows what is written, a little behind, while somebody could send it.
let timer = 0;
effect(() => {
  const [request, aim, left] = [text.value, target.value, removed.value];
  clearTimeout(timer);
  if (!request.trim() || request.trim() === TESTS || request.length > LONGEST || !ready.value || connection.value !== "open") {
    seen.value = null;
    return;
  }
  timer = window.setTimeout(async () => {
    const answer = await act("sees", { request, target: aim, without: [...left] });
    if (text.value === request && target.value === aim && removed.value === left) seen.value = failed(answer) ? null : answer;
  }, 900);
});
effect(() => {
  // Until the server has said which cell an unaimed request is about, the cell answered last is the best guess.
  aimed.value = target.value !== "auto" ? target.value : seen.value?.cell === undefined ? "auto" : seen.value.cell;
});
effect(() => void (text.value && (told.value = ""))); // what is said of a request goes when it changes

export function Composer() {
  return (
    <>
      {fault.value && <NotTaken />}
      <form class="composer" aria-label="Composer" onSubmit={(event) => (event.preventDefault(), void send())}>
        <div class="chips">
          <Aim />
          <Chips />
        </div>
        <Suggestions />
        <Field />
        <div class="foot">
          <button type="button" class="btn quiet icon" title="Settings" aria-haspopup="dialog" onClick={() => (sheet.value = { name: "settings" })}>
            <Icon name="sliders" />
            <span class="vh">Settings</span>
          </button>
          <Tries />
          {slotted.value && (
            <button type="button" class="btn quiet" aria-haspopup="dialog" onClick={() => (sheet.value = { name: "replays" })}>
              Inputs<span class="vh"> for the slots</span>
            </button>
          )}
          {seen.value && !writing.value && <SeesButton sees={seen.value} />}
          <span class="grow" />
          <Buttons />
        </div>
        <p class="why" id="composer-why" role="status">
          {told.value || text.value.length > LONGEST || (text.value && !ready.value) ? hindrance.value : ""}
        </p>
      </form>
      <Hints />
    </>
  ); // prettier-ignore
}

function NotTaken() {
  return (
    <div class="untaken">
      <Notice tone="fail" title={fault.value} reason="Your request is kept below.">
        <button type="button" class="btn accent" onClick={() => void send()}>
          Send again
        </button>
        <button type="button" class="btn quiet" onClick={() => (refusal.value = null)}>
          Close
        </button>
      </Notice>
    </div>
  );
}

function Aim() {
  const cell = cells.value.find((one) => one.id === target.value);
  const words = cell ? `refine cell ${cell.number}` : target.value === "new" || !cells.value.length ? "new cell" : "where it fits";
  // On a phone the composer opens once something in it has the focus, and what is under the finger moves: the press would miss.
  return (
    <span class="aim" onMouseDown={(event) => phone.value && event.preventDefault()}>
      <Menu class="chip target" label={`The answer goes to: ${words}`} items={aims()}>
        {words}
        <Icon name="down" />
      </Menu>
    </span>
  );
}

function aims(): (Item | null)[] {
  const pick = (to: Target) => () => {
    picked.value = { session: sessionId.value, target: to };
    void act("aim", { target: to });
    focusComposer();
  };
  const one = (label: string, hint: string, to: Target): Item => ({ label, hint, checked: target.value === to, run: pick(to) });
  return [
    one("Where it fits", "chosen by the request", "auto"),
    one("New cell", "", "new"),
    ...(cells.value.length ? [null] : []),
    ...cells.value.map((cell) => one(`Refine cell ${cell.number}`, cell.title, cell.id)),
  ];
}

function Field() {
  const field = useRef<HTMLTextAreaElement>(null);
  useLayoutEffect(() => {
    const its = field.current;
    if (!its || CSS.supports("field-sizing", "content")) return;
    its.style.height = "auto";
    its.style.height = `${its.scrollHeight}px`;
  }, [text.value]);
  const keys = (event: KeyboardEvent): void => {
    if (suggests(event)) return;
    if (event.key !== "Enter" || event.shiftKey || event.isComposing || event.keyCode === 229) return;
    event.preventDefault();
    void send();
  };
  return (
    <textarea
      id={FIELD} ref={field} rows={1} dir="auto" enterkeyhint="send" autoComplete="off" spellcheck={true}
      aria-label="Your request" aria-describedby="composer-why" aria-invalid={text.value.length > LONGEST}
      placeholder={placeholder()} value={text.value}
      onInput={(event) => write(event.currentTarget.value)}
      onFocus={() => (focused.value = true)} onBlur={() => (focused.value = false)} onKeyDown={keys}
      {...comboboxOf()}
    />
  ); // prettier-ignore
}

function placeholder(): string {
  if (writing.value) return "Next request; it waits for this one";
  return turns.value.length ? "Change something, or ask for more" : "What should it do?";
}

function SeesButton({ sees }: { sees: Sees }) {
  const of = { request: text.value, target: target.value, without: without() };
  const open = (): void => void (sheet.value = { name: "sees", of, known: sees });
  return (
    <button type="button" class="btn quiet num" aria-haspopup="dialog" onClick={open}>
      sees {sees.estimated ? "about " : ""}{sees.tokens} tokens
    </button>
  );
}

function Buttons() {
  const turn = writing.value;
  const idle = Boolean(hindrance.value) || sending.value;
  return (
    <>
      {turn && (
        <button type="button" class="btn" onClick={stop}>
          <Icon name="stop" />
          {turn.status === "queued" ? "Leave the queue" : "Stop"}
          <kbd class="wide">Esc</kbd>
        </button>
      )}
      {(!turn || text.value.trim()) && (
        <button
          type="submit" class={idle || turn ? "btn" : "btn primary"} aria-disabled={idle} aria-describedby="composer-why"
        >
          Send
          {!idle && <Icon name="send" />}
        </button>
      )}
    </>
  ); // prettier-ignore
}

const MOD = /Mac|iPhone|iPad/.test(navigator.platform) ? "⌘" : "Ctrl";

function Hints() {
  if (phone.value) {
    return connection.value === "lost" ? (
      <p class="hint" role="status">
        <span class="chip warn">
          <Icon name="warn" />
          reconnecting… what you type is kept
        </span>
      </p>
    ) : null;
  }
  return (
    <p class="hint">
      <span>
        <kbd>{MOD} K</kbd> composer
      </span>
      <span>
        <kbd>Shift Enter</kbd> run
      </span>
      <span>
        <kbd>?</kbd> all keys
      </span>
    </p>
  );
}
