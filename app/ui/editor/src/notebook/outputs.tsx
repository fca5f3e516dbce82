// What a run put out. Everything is drawn as text, but for two kinds: whole documents go into a sealed frame, and prose
// that the server has sanitised is the only markup that ever reaches the page.
import { useSignal } from "@preact/signals";
import { useLayoutEffect, useRef } from "preact/hooks";
import { count } from "../format";
import type { Output, Run } from "../types";

export function Outputs({ run, number, stale }: { run: Run; number: number; stale: boolean }) {
  return (
    <div class={stale ? "out stale" : "out"} role="region" aria-label={`Output of cell ${number}${stale ? ", stale" : ""}`}>
      {run.outputs.map((output, place) => (
        <One key={`${place}:${output.kind}`} output={output} name={`Output ${place + 1} of cell ${number}`} />
      ))}
    </div>
  ); // prettier-ignore
}

function One({ output, name }: { output: Output; name: string }) {
  switch (output.kind) {
    case "text":
      return <Stream name={output.name} text={output.text} cut={output.cut} />;
    case "json":
      return <Stream name="result" text={output.text} cut={false} />;
    case "image":
      return <Figure url={output.url} alt={output.alt || name} />;
    case "table":
      return <Table output={output} name={name} />;
    case "frame":
      return <Sealed document={output.document} title={name} />;
    case "prose":
      return <Prose html={output.html} />;
  }
}

// Long text shows its beginning and its end, so that it does not jump while it grows.
const LINES = 30;
const HEAD = 5;
const CHARACTERS = 8_000;

export function Stream({ name, text, cut }: { name: "stdout" | "stderr" | "result"; text: string; cut: boolean }) {
  const all = useSignal(false);
  const lines = text.replace(/\n$/, "").split("\n");
  const long = lines.length > LINES || text.length > CHARACTERS;
  const whole = lines.length <= LINES;
  const tail = whole ? [] : lines.slice(HEAD - LINES);
  return (
    <div class={`text ${name}`}>
      {name === "stderr" && <span class="vh">Standard error: </span>}
      <pre dir="auto">{!long || all.value ? lines.join("\n") : clipped(whole ? lines : lines.slice(0, HEAD), CHARACTERS / 4)}</pre>
      {long && (
        <button type="button" class="more" aria-expanded={all.value} onClick={() => (all.value = !all.value)}>
          {all.value ? "Show less" : whole ? "Show all" : `${count(lines.length - LINES, "line")} between, show all`}
        </button>
      )}
      {!all.value && tail.length > 0 && <pre dir="auto">{clipped(tail, CHARACTERS)}</pre>}
      {cut && <p class="sub small">The first 256 KB are kept.</p>}
    </div>
  ); // prettier-ignore
}

function clipped(lines: string[], most: number): string {
  const text = lines.join("\n");
  return text.length > most ? `${text.slice(0, most)} …` : text;
}

const IMAGE = /^data:image\/(?:png|jpeg|gif|webp|svg\+xml)[;,]/;

function Figure({ url, alt }: { url: string; alt: string }) {
  if (!IMAGE.test(url)) return <p class="sub small">An image of a type that is not shown.</p>;
  return (
    <div class="plate">
      <img src={url} alt={alt} />
    </div>
  );
}

const ROWS = 12;

function Table({ output, name }: { output: Extract<Output, { kind: "table" }>; name: string }) {
  const all = useSignal(false);
  const { head, rows, index, caption } = output;
  const shown = all.value ? rows : rows.slice(0, ROWS);
  return (
    <div class="sheetlet" role="group" aria-label={name}>
      <div class="wide-table" tabIndex={0} role="region" aria-label={`${name}, table`}>
        <table class="df">
          <thead>
            {head.map((row) => (
              <tr>{row.map((text) => (text ? <th scope="col">{text}</th> : <td />))}</tr>
            ))}
          </thead>
          <tbody>
            {shown.map((row) => (
              <tr>{row.map((text, place) => (place < index ? <th scope="row">{text}</th> : <td>{text}</td>))}</tr>
            ))}
          </tbody>
        </table>
      </div>
      {caption && <p class="sub small">{caption}</p>}
      {rows.length > ROWS && (
        <button type="button" class="more" aria-expanded={all.value} onClick={() => (all.value = !all.value)}>
          {all.value ? "Show fewer rows" : `Show all ${rows.length} rows`}
        </button>
      )}
    </div>
  ); // prettier-ignore
}

const LOWEST = 24;
const HIGHEST = 480; // px; a taller document scrolls inside its frame

/** A document from the kernel: scripts may run in it, but it has an origin of its own and cannot reach this page. */
function Sealed({ document: content, title }: { document: string; title: string }) {
  const frame = useRef<HTMLIFrameElement>(null);
  useLayoutEffect(() => {
    const told = (event: MessageEvent): void => {
      const its = frame.current;
      if (!its || event.source !== its.contentWindow) return; // another frame's, or the page's own
      const height = heightIn(event.data);
      if (height !== null) its.style.height = `${Math.max(LOWEST, Math.min(height, HIGHEST))}px`;
    };
    addEventListener("message", told);
    return () => removeEventListener("message", told);
  }, []);
  return <iframe ref={frame} class="sealed" sandbox="allow-scripts" srcdoc={content} title={title} referrerpolicy="no-referrer" />; // prettier-ignore
}

function heightIn(data: unknown): number | null {
  if (typeof data !== "object" || data === null || !("type" in data) || data.type !== "height") return null;
  return "height" in data && typeof data.height === "number" && Number.isFinite(data.height) ? data.height : null;
}

/** The one place where markup is set: prose that app/ui/prose.py has sanitised. */
function Prose({ html }: { html: string }) {
  return <div class="prose-out" dangerouslySetInnerHTML={{ __html: html }} />;
}
