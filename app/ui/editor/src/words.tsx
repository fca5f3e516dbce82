// Text of people and models: text nodes only. Backticks make code and lines that begin like items make lists; nothing
// else is markup.
import { useState } from "preact/hooks";
import { Copy } from "./copy";
import { count } from "./format";

const FOLD_LETTERS = 700;
const FOLD_LINES = 10;

export function Prose({ text }: { text: string }) {
  const pieces = text.split(/`([^`\n]+)`/);
  return <>{pieces.map((piece, index) => (index % 2 ? <code dir="ltr">{piece}</code> : piece))}</>;
}

/** What a model said: paragraphs, and blocks of code that are only shown, whatever language they are in. */
export function Said({ text }: { text: string }) {
  const pieces = text.split(/^```[ \t]*([^\n`]*)\n([\s\S]*?)(?:^```[ \t]*$|$(?![\s\S]))/m);
  return (
    <>
      {pieces.map((piece, place) => {
        if (place % 3 === 1) return null;
        if (place % 3 === 2) return <Shown code={piece.trimEnd()} language={pieces[place - 1]!.trim()} />;
        return <Blocks text={piece.trim()} />;
      })}
    </>
  );
}

interface Block {
  kind: "p" | "ul" | "ol";
  start: number; // of a numbered list
  parts: string[]; // one paragraph, or the items
}

const ITEM = /^ {0,3}(?:[-*+]|(\d{1,4})[.)])[ \t]+(?=\S)/;

function Blocks({ text }: { text: string }) {
  return (
    <>
      {blocks(text).map(({ kind, start, parts }) => {
        if (kind === "p") return <p class="say" dir="auto"><Prose text={parts[0]!} /></p>;
        const items = parts.map((part) => <li dir="auto"><Prose text={part} /></li>);
        return kind === "ul" ? <ul class="say">{items}</ul> : <ol class="say" start={start}>{items}</ol>;
      })}
    </>
  ); // prettier-ignore
}

function blocks(text: string): Block[] {
  const found: Block[] = [];
  for (const line of text.split("\n")) {
    const item = ITEM.exec(line);
    const last = found.at(-1);
    if (item) {
      const kind = item[1] ? "ol" : "ul";
      if (last?.kind !== kind) found.push({ kind, start: Number(item[1] ?? 1), parts: [] });
      found.at(-1)!.parts.push(line.slice(item[0].length));
    } else if (last && (last.kind === "p" || /^\s/.test(line) || !line)) {
      last.parts.push(`${last.parts.pop()}\n${last.kind === "p" ? line : line.trim()}`); // a list goes on after a blank line
    } else if (line) found.push({ kind: "p", start: 1, parts: [line] });
  }
  return found.map((block) => ({ ...block, parts: block.parts.map((part) => part.trim()) }));
}

function Shown({ code, language }: { code: string; language: string }) {
  return (
    <figure class="shown">
      <figcaption>
        <span>{language || "code"}, shown only: it is not run here</span>
        <Copy class="btn quiet" text={() => code} />
      </figcaption>
      <pre dir="ltr" tabIndex={0}>
        {code}
      </pre>
    </figure>
  );
}

/** Long text folded to its beginning. */
export function Folded({ text }: { text: string }) {
  const [open, setOpen] = useState(false);
  const short = beginning(text);
  if (short === text) return <>{text}</>;
  return (
    <>
      {open ? text : `${short}…`}{" "}
      <button type="button" class="fold" aria-expanded={open} onClick={() => setOpen(!open)}>
        {open ? "show less" : `show all ${count(text.length, "character")}`}
      </button>
    </>
  );
}

function beginning(text: string): string {
  const lines = text.split("\n", FOLD_LINES + 1).slice(0, FOLD_LINES).join("\n");
  if (lines.length === text.length && text.length <= FOLD_LETTERS) return text;
  return lines.slice(0, FOLD_LETTERS).trimEnd();
}
