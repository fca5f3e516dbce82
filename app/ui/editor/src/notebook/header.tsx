// The line that names a cell: number, title, version, what there is to know, its menu, Run.
import { Icon, type IconName } from "../icons";
import { type Item, Menu } from "../menu";
import { score } from "../tested";
import type { Cell } from "../types";
import { startDrag } from "./drag";
import { duration, ended, runs } from "./format";
import { auditLook, warnedLines } from "./audit";
import type { Looking } from "./history";

interface Props {
  cell: Cell;
  looking: Looking | null;
  unsaved: boolean;
  refused: boolean; // code does not run on this machine
  primary: boolean; // Run is what Shift+Enter does now
  menu: (Item | null)[];
  page: (number: number) => void;
  run: () => void;
  stop: () => void;
}

export function Header(props: Props) {
  const { cell, looking, unsaved, menu, page } = props;
  const { version } = cell;
  return (
    <header>
      <Number cell={cell} />
      <Title cell={cell} />
      <span class="grow wide" />
      <span class="brk">
        <Arrows at={looking?.at ?? version.number} count={version.count} page={page} />
        {version.status === "writing" && <Chip tone="live" text="writing" />}
        {version.status === "stopped" && <Chip icon="stop" text="stopped while it was written" />}
        {version.status === "cut" && <Chip tone="warn" icon="warn" text="cut off while it was written" />}
        {version.origin === "hand" && version.status === "open" && !cell.run && <Chip icon="pen" text="edited by hand" />}
        {unsaved && <Chip tone="warn" icon="clock" text="not saved yet" />}
        <Menu items={menu} class="btn quiet icon" label={`More for cell ${cell.number}`}><Icon name="more" /></Menu>
      </span>
      <Run {...props} />
    </header>
  ); // prettier-ignore
}

/** A closed cell: one row that says whether opening it is worth it. */
export function Row({ cell, menu, open }: { cell: Cell; menu: (Item | null)[]; open: () => void }) {
  return (
    <header onClick={(event) => event.target === event.currentTarget && open()}>
      <Number cell={cell} />
      <Title cell={cell} />
      <span class="grow" />
      <span class="chips">
        {cell.stale && <Chip tone="stale" icon="clock" text="stale" />}
        <Score cell={cell} />
        {cell.version.audit && warnedLines(cell.version.audit).length > 0 && (
          <Chip {...auditLook(cell.version.audit)} text={cell.version.audit.words} />
        )}
        {cell.run && <Outcome cell={cell} />}
      </span>
      <span class="ver wide">v{cell.version.number}</span>
      <Menu items={menu} class="btn quiet icon" label={`More for cell ${cell.number}`}><Icon name="more" /></Menu>
      <button type="button" class="btn quiet icon" aria-expanded={false} aria-label={`Open cell ${cell.number}`} onClick={open}>
        <Icon name="down" />
      </button>
    </header>
  ); // prettier-ignore
}

function Outcome({ cell }: { cell: Cell }) {
  const run = cell.run!;
  if (runs(run)) return <Chip tone="live" text={run.status} />;
  if (run.status === "ok") return <Chip icon="check" tone="pass" text={`ran ${duration(run.milliseconds ?? 0)}`} />;
  return <Chip tone="fail" icon={run.status === "error" ? "fail" : "stop"} text={ended(run)} />;
}

/** What the tests say of the version shown. */
export function Score({ cell }: { cell: Cell }) {
  const { passed, of } = score(cell.tests);
  if (!of) return null;
  const all = passed === of;
  return <Chip tone={all ? "pass" : "fail"} icon={all ? "check" : "fail"} text={`${passed}/${of} tests`} />;
}

function Number({ cell }: { cell: Cell }) {
  return <span class="n" title="Drag to move" onPointerDown={(event) => startDrag(event, cell)}>{cell.number}</span>; // prettier-ignore
}

function Title({ cell }: { cell: Cell }) {
  return <h2 class={cell.title ? "cut" : "cut sub"}><bdi>{cell.title || "untitled"}</bdi></h2>; // prettier-ignore
}

function Arrows({ at, count, page }: { at: number; count: number; page: (number: number) => void }) {
  return (
    <span class="ver" role="group" aria-label="Versions">
      <button type="button" aria-label="Previous version" aria-disabled={at <= 1} onClick={() => at > 1 && page(at - 1)}>
        <Icon name="left" />
      </button>
      v{at} of {count}
      <button type="button" aria-label="Next version" aria-disabled={at >= count} onClick={() => at < count && page(at + 1)}>
        <Icon name="right" />
      </button>
    </span>
  ); // prettier-ignore
}

function Run({ cell, refused, primary, run, stop }: Props) {
  if (cell.version.status === "writing" || runs(cell.run)) {
    return <button type="button" class="btn run" onClick={stop}><Icon name="stop" />Stop</button>; // prettier-ignore
  }
  return (
    <button
      type="button" class={primary ? "btn primary run" : "btn run"} disabled={refused}
      aria-describedby={refused ? `why-${cell.id}` : undefined} onClick={run}
    >
      <Icon name="play" />Run{primary && <kbd class="wide">Shift Enter</kbd>}
    </button>
  ); // prettier-ignore
}

export function Chip({ tone, icon, text, id }: { tone?: string; icon?: IconName; text: string; id?: string }) {
  return <span class={`chip ${tone ?? ""}`} id={id}>{icon && <Icon name={icon} />}<span class="cut">{text}</span></span>; // prettier-ignore
}
