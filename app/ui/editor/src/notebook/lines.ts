// Differences between two texts: the one change that an editor has to make, and the lines that a person reads.

export interface Row {
  kind: "same" | "rem" | "add";
  text: string;
  before: number | null; // line number in the old text, from 1
  after: number | null; // line number in the new text, from 1
}

/** Line ends as the editor counts them. */
export const normal = (source: string): string => source.replace(/\r\n?/g, "\n");

/** The smallest single replacement that turns `old` into `now`; null if there is nothing to do. */
export function replacement(old: string, now: string): { from: number; to: number; insert: string } | null {
  if (old === now) return null;
  const most = Math.min(old.length, now.length);
  let head = 0;
  while (head < most && old[head] === now[head]) head++;
  let tail = 0;
  while (tail < most - head && old[old.length - 1 - tail] === now[now.length - 1 - tail]) tail++;
  return { from: head, to: old.length - tail, insert: now.slice(head, now.length - tail) };
}

const LARGEST = 4_000_000; // entries of the table below; beyond that the middle counts as replaced

/** A unified diff: removed lines stand before the added ones that replace them. */
export function diff(old: string, now: string): Row[] {
  const a = old.split("\n");
  const b = now.split("\n");
  const rows: Row[] = [];
  const put = (kind: Row["kind"], i: number, j: number): void => {
    const text = (kind === "rem" ? a[i] : b[j]) ?? "";
    rows.push({ kind, text, before: kind === "add" ? null : i + 1, after: kind === "rem" ? null : j + 1 });
  };
  let i = 0;
  let j = 0;
  for (const [x, y] of [...common(a, b), [a.length, b.length] as const]) {
    while (i < x) put("rem", i++, j);
    while (j < y) put("add", i, j++);
    if (x < a.length) put("same", i++, j++);
  }
  return rows;
}

/** Index pairs of a longest common subsequence of lines, in order. */
export function common(a: readonly string[], b: readonly string[]): [number, number][] {
  const most = Math.min(a.length, b.length);
  let head = 0;
  while (head < most && a[head] === b[head]) head++;
  let tail = 0;
  while (tail < most - head && a[a.length - 1 - tail] === b[b.length - 1 - tail]) tail++;
  const pairs: [number, number][] = [];
  for (let i = 0; i < head; i++) pairs.push([i, i]);
  pairs.push(...middle(a.slice(head, a.length - tail), b.slice(head, b.length - tail), head));
  for (let k = tail; k > 0; k--) pairs.push([a.length - k, b.length - k]);
  return pairs;
}

function middle(a: readonly string[], b: readonly string[], offset: number): [number, number][] {
  const width = b.length + 1;
  if (!a.length || !b.length || (a.length + 1) * width > LARGEST) return [];
  const length = new Uint32Array((a.length + 1) * width); // of the longest common subsequence of the rests
  for (let i = a.length - 1; i >= 0; i--)
    for (let j = b.length - 1; j >= 0; j--)
      length[i * width + j] =
        a[i] === b[j]
          ? length[(i + 1) * width + j + 1]! + 1
          : Math.max(length[(i + 1) * width + j]!, length[i * width + j + 1]!);
  const pairs: [number, number][] = [];
  for (let i = 0, j = 0; i < a.length && j < b.length; ) {
    if (a[i] === b[j]) pairs.push([offset + i++, offset + j++]);
    else if (length[(i + 1) * width + j]! >= length[i * width + j + 1]!) i++;
    else j++;
  }
  return pairs;
}

export interface Arriving {
  text: string; // what has arrived, then what is still the old version
  arrived: number; // characters of it that have arrived
  waiting: number; // the first line, from 1, that is still the old version; past the end if none is
  changed: number[]; // lines that have arrived and differ from the old version, from 1
}

/** A version on its way laid over the one it replaces, so that the reader sees where the writing is. */
export function overlay(arrived: string, before: string | null): Arriving {
  const lines = arrived.split("\n");
  if (before === null) return { text: arrived, arrived: arrived.length, waiting: lines.length + 1, changed: [] };
  const old = before.split("\n");
  const whole = lines.slice(0, -1);
  const last = lines.at(-1) ?? "";
  const pairs = common(old, whole);
  const kept = new Set(pairs.map(([, j]) => j));
  const changed = whole.flatMap((_, j) => (kept.has(j) ? [] : [j + 1]));
  const [i, j] = pairs.at(-1) ?? [-1, -1];
  const here = Math.min(i + whole.length - j, old.length); // lines since the last kept one replace as many old ones
  const current = old[here] ?? "";
  if (last && !current.startsWith(last)) changed.push(lines.length);
  const rest = old.slice(here + 1);
  const begun = current.startsWith(last) ? current.slice(last.length) : "";
  return {
    text: arrived + begun + rest.map((line) => `\n${line}`).join(""),
    arrived: arrived.length,
    waiting: lines.length + 1,
    changed,
  };
}
