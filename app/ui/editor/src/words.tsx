// Text of people and models: text nodes only. Backticks make code, nothing else is markup.
import { useState } from "preact/hooks";
import { count } from "./format";

const FOLD_LETTERS = 700;
const FOLD_LINES = 10;

export function Prose({ text }: { text: string }) {
  const pieces = text.split(/`([^`\n]+)`/);
  return <>{pieces.map((piece, index) => (index % 2 ? <code dir="ltr">{piece}</code> : piece))}</>;
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
