// Two versions as one text: what was removed, what was added, and what both share.
import { useMemo } from "preact/hooks";
import { coloured, hanging } from "./highlight";
import { diff } from "./lines";

const SIGNS = { same: "", rem: "−", add: "+" } as const;
const WORDS = { same: "", rem: "removed: ", add: "added: " } as const;

interface Props {
  old: string;
  now: string;
  title: string;
  note?: string;
}

export function Diff({ old, now, title, note }: Props) {
  const { rows, added, removed } = useMemo(() => drawn(old, now), [old, now]);
  return (
    <>
      <div class="head-row">
        <b>{title}</b>
        <span class="num">{added || removed ? `+${added} −${removed}` : "no difference"}</span>
        <span class="grow" />
        {note && <span>{note}</span>}
      </div>
      <div class="diff" role="region" aria-label={`Difference: ${title}`} dir="ltr">
        {rows}
      </div>
    </>
  );
}

function drawn(old: string, now: string) {
  const [before, after] = [coloured(old), coloured(now)];
  const lines = diff(old, now);
  const rows = lines.map((row) => (
    <div class={`l ${row.kind}`}>
      <i>{row.after ?? row.before}</i>
      <b aria-hidden="true">{SIGNS[row.kind]}</b>
      <span class="t" style={{ "--in": hanging(row.text) }}>
        {WORDS[row.kind] && <span class="vh">{WORDS[row.kind]}</span>}
        {row.kind === "rem" ? before[row.before! - 1] : after[row.after! - 1]}
      </span>
    </div>
  ));
  const of = (kind: string): number => lines.filter((row) => row.kind === kind).length;
  return { rows, added: of("add"), removed: of("rem") };
}

/** Code that is only read. */
export function Listing({ source, label, live = false }: { source: string; label: string; live?: boolean }) {
  const lines = useMemo(() => coloured(source), [source]);
  const texts = source.split("\n");
  return (
    <div class="code listing" role="region" aria-label={label} dir="ltr">
      {lines.map((pieces, place) => (
        <div class="l">
          <i>{place + 1}</i>
          <span class="t" style={{ "--in": hanging(texts[place] ?? "") }}>
            {pieces}
            {live && place === lines.length - 1 && <span class="caret" />}
          </span>
        </div>
      ))}
    </div>
  ); // prettier-ignore
}
