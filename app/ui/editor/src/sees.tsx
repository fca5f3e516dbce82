// What the model sees of a request: the prompt in parts, with their tokens, and what was left out to fit the window.
import { useEffect, useState } from "preact/hooks";
import { Copy } from "./copy";
import { Costs } from "./cost";
import { SideSheet } from "./dialog";
import { Icon } from "./icons";
import { Notice } from "./notice";
import { act, failed } from "./server";
import { turns } from "./store";
import type { Actions, Part, Sees } from "./types";

interface Props {
  of: Actions["sees"][0];
  known?: Sees; // what the composer was told a moment ago
  close: () => void;
}

export function SeesSheet({ of, known, close }: Props) {
  const [sees, show] = useState<Sees | null>(known ?? null);
  const [fault, setFault] = useState("");
  useEffect(() => {
    void act("sees", of).then((answer) => (failed(answer) ? setFault(answer.fault.message) : show(answer)));
  }, []);
  const kept = sees?.parts.filter((part) => part.kept) ?? [];
  const left = sees?.parts.filter((part) => !part.kept) ?? [];
  const copy = <Copy class="btn quiet" text={() => kept.map((part) => part.text).join("\n\n")} />;
  const past = "turn" in of ? turns.value.find((turn) => turn.id === of.turn) : undefined;
  const title = "turn" in of ? "What the model saw" : "What the model sees";
  return (
    <SideSheet title={title} actions={sees && copy} onClose={close}>
      {fault && <Notice tone="fail" title={fault} />}
      {!sees && !fault && <p class="sub">Building the prompt…</p>}
      {sees && (
        <>
          <p class="budget num">
            <b>{sees.estimated ? "about " : ""}{sees.tokens}</b>
            <span class="sub">
              of {sees.window} tokens; {sees.reserved} are kept for the answer
            </span>
          </p>
          <Stack parts={kept} />
          {past && <Costs turn={past} />}
          <div class="parts">
            {kept.map((part, index) => (
              <PartView part={part} number={index + 1} of={kept} />
            ))}
          </div>
          {left.length > 0 && <LeftOut parts={left} />}
        </>
      )}
    </SideSheet>
  );
}

/** The larger its share, the stronger its ground; the request itself has the accent. */
function ground(part: Part, of: Part[]): { class: string; style: Record<string, string> } {
  if (isRequest(part)) return { class: "dk", style: {} };
  const most = Math.max(1, ...of.map((one) => one.tokens));
  return { class: "", style: { "--a": `${12 + Math.round((22 * part.tokens) / most)}%` } };
}

const isRequest = (part: Part): boolean => /^request/i.test(part.title);

function Stack({ parts }: { parts: Part[] }) {
  const words = parts.map((part, index) => `${index + 1} ${part.title} ${part.tokens}`).join(", ");
  return (
    <div class="stack" role="img" aria-label={`Tokens by part: ${words}`}>
      {parts.map((part, index) => {
        const its = ground(part, parts);
        return (
          <i class={its.class} style={{ ...its.style, flex: String(Math.max(1, part.tokens)) }}>
            {index + 1}
          </i>
        );
      })}
    </div>
  );
}

function PartView({ part, number, of }: { part: Part; number: number; of: Part[] }) {
  const its = ground(part, of);
  return (
    <details open={isRequest(part) || /^(cell|evidence)/i.test(part.title)}>
      <summary>
        <span class={its.class} style={its.style}>
          {number}
        </span>
        <span>{part.title}</span>
        <span class="sub num">{part.tokens}</span>
        <Icon name="right" />
      </summary>
      {part.why && <p class="sub">{part.why}</p>}
      <pre dir="auto" tabIndex={0}>
        {part.text || "signs of the model's own layout, and the words between the parts"}
      </pre>
    </details>
  );
}

function LeftOut({ parts }: { parts: Part[] }) {
  return (
    <div class="left-out">
      <h3>Left out</h3>
      <ul>
        {parts.map((part) => (
          <li>
            <span>
              {part.title}
              {part.why && ` (${part.why})`}
            </span>
            <span class="num">{part.tokens}</span>
          </li>
        ))}
      </ul>
    </div>
  );
}
