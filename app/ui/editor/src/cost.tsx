// What an answer cost: one quiet line in the thread, and all of it beside what the model saw.
import { seconds } from "./format";
import type { Cost, Turn } from "./types";

const whole = (n: number): string => Math.round(n).toLocaleString("en-US");
const about = (cost: Cost): string => (cost.estimated ? "about " : "");
const speed = (cost: Cost): string => `${cost.tokens_per_second! < 10 ? cost.tokens_per_second!.toFixed(1) : whole(cost.tokens_per_second!)} tokens/s`;
const money = (sum: number): string => sum.toLocaleString("en-US", { maximumSignificantDigits: 2 });

const short = (s: number): string => (s < 0.1 ? `${Math.max(1, Math.round(1000 * s))} ms` : seconds(s));

export function CostLine({ cost }: { cost: Cost }) {
  const facts = [
    `${about(cost)}${whole(cost.tokens_out)} tokens in ${short(cost.seconds)}`,
    cost.tokens_per_second !== null && speed(cost),
    cost.per_million !== null && `${money(cost.per_million)} per million tokens`,
  ];
  return <p class="cost num">{facts.filter(Boolean).join(" · ")}</p>;
}

/** Everything known of a turn's answer, as terms and values. */
export function Costs({ turn }: { turn: Turn }) {
  const cost = turn.cost;
  if (!cost) return null;
  const facts: [string, string | false][] = [
    ["Model", turn.model],
    ["Seed", turn.seed !== null && String(turn.seed)],
    ["Tokens read", `${about(cost)}${whole(cost.tokens_in)}`],
    ["Tokens written", `${about(cost)}${whole(cost.tokens_out)}`],
    ["First token after", cost.first_token_seconds !== null && short(cost.first_token_seconds)],
    ["Pace after that", cost.tokens_per_second !== null && speed(cost)],
    ["Whole answer", seconds(cost.seconds)],
    ["Cost", cost.money !== null && `${money(cost.money)}, ${money(cost.per_million!)} per million tokens written`],
  ];
  return (
    <dl class="facts num">
      {facts.map(([term, value]) =>
        value ? (
          <div>
            <dt>{term}</dt>
            <dd>{value}</dd>
          </div>
        ) : null,
      )}
    </dl>
  );
}
