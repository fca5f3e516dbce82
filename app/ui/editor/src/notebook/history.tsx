// The versions of a cell: paging through them, comparing any two, and bringing an old one back. Nothing is overwritten:
// restoring makes a new version.
import type { Signal } from "@preact/signals";
import { clock, day } from "../format";
import { Icon } from "../icons";
import { act, failed } from "../server";
import type { Cell, Fault, Version } from "../types";
import type { CellText } from "./cellText";
import { Details } from "./details";
import { Diff, Listing } from "./diffView";
import { provenance } from "./format";

export interface Looking {
  versions: Version[];
  at: number; // number of the version that is looked at
  against: number | null; // number of the version it is compared with
  listed: boolean; // all versions are listed
  detailed: boolean; // where the version comes from is shown
}

/** Fetches the versions and looks at one of them. */
export async function lookAt(cell: Cell, looking: Signal<Looking | null>, at: number, show: "list" | "details" | "code"): Promise<Fault | null> {
  const answer = await act("versions", { cell: cell.id });
  if (failed(answer)) return answer.fault;
  const numbers = answer.versions.map((version) => version.number);
  const known = numbers.includes(at) ? at : (numbers.at(-1) ?? at);
  looking.value = { versions: answer.versions, at: known, against: null, listed: show === "list", detailed: show === "details" };
  return null;
}

interface Props {
  cell: Cell;
  text: CellText;
  looking: Signal<Looking | null>;
  fail: (fault: Fault | null) => void;
}

export function History({ cell, text, looking, fail }: Props) {
  const { versions, at, against, listed, detailed } = looking.value!;
  const shown = versions.find((version) => version.number === at);
  if (!shown) return null;
  const current = cell.version.number;
  // The text of the current version is what is on the screen, typed or not.
  const sourceOf = (version: Version): string => (version.number === current ? text.local.value : version.source);
  const set = (change: Partial<Looking>): void => {
    looking.value = { ...looking.value!, ...change };
  };
  const restore = async (): Promise<void> => {
    const fault = await text.restore(shown);
    fail(fault);
    if (!fault) looking.value = null;
  };
  const other = versions.find((version) => version.number === against);
  return (
    <>
      <div class="past" role="group" aria-label={`Version ${at} of cell ${cell.number}`}>
        <p role="status"><b>v{at}</b> {at === current ? "is the current version" : provenance(shown)}, {when(shown)}</p>
        <span class="grow" />
        <Choice versions={versions} at={at} current={current} against={against} choose={(to) => set({ against: to })} />
        <button type="button" class="btn" aria-expanded={detailed} onClick={() => set({ detailed: !detailed })}>Details</button>
        {at !== current && <button type="button" class="btn" onClick={() => void restore()}>Restore</button>}
        <button type="button" class="btn" onClick={() => (looking.value = null)}>
          <Icon name="back" />{at === current ? "Back to the editor" : `Back to v${current}`}
        </button>
      </div>
      {listed && <List versions={versions} at={at} current={current} look={(to) => set({ at: to })} />}
      {detailed && <Details cell={cell} version={shown} versions={versions} />}
      {other ? (
        <Diff old={sourceOf(other.number < at ? other : shown)} now={sourceOf(other.number < at ? shown : other)}
          title={`v${Math.max(at, other.number)} against v${Math.min(at, other.number)}`} />
      ) : (
        <Listing source={sourceOf(shown)} label={`Code of cell ${cell.number}, version ${at}, read-only`} />
      )}
    </>
  ); // prettier-ignore
}

const when = ({ created_at }: Version): string => `${day(created_at)}, ${clock(created_at)}`;

interface ChoiceProps {
  versions: Version[];
  at: number;
  current: number;
  against: number | null;
  choose: (number: number | null) => void;
}

function Choice({ versions, at, current, against, choose }: ChoiceProps) {
  const others = versions.filter((version) => version.number !== at);
  return (
    <>
      {at !== current && against !== current && (
        <button type="button" class="btn" onClick={() => choose(current)}>Compare with current</button>
      )}
      {(others.length > 1 || at === current || against !== null) && (
        <select
          class="pick" aria-label="Compare with" value={against ?? ""}
          onChange={(event) => choose(Number(event.currentTarget.value) || null)}
        >
          <option value="">Compare with …</option>
          {others.map(({ number }) => (
            <option value={number}>v{number}{number === current ? ", current" : ""}</option>
          ))}
        </select>
      )}
    </>
  ); // prettier-ignore
}

interface ListProps {
  versions: Version[];
  at: number;
  current: number;
  look: (number: number) => void;
}

function List({ versions, at, current, look }: ListProps) {
  return (
    <ol class="versions" aria-label="Versions, newest first">
      {[...versions].reverse().map((version) => (
        <li>
          <button type="button" aria-current={version.number === at} onClick={() => look(version.number)}>
            <span class="mono">v{version.number}</span>
            <span class="grow">{provenance(version)}{version.number === current && ", current"}{unfinished(version)}</span>
            <span class="sub num">{when(version)}</span>
          </button>
        </li>
      ))}
    </ol>
  ); // prettier-ignore
}

function unfinished({ status }: Version): string {
  return status === "stopped" ? ", stopped while it was written" : status === "cut" ? ", cut off while it was written" : "";
}
