// What the next request will carry along: chips, each of which can be taken out.
import { computed, signal } from "@preact/signals";
import { Icon } from "./icons";
import { cells, turns } from "./store";
import type { EvidencePiece } from "./tested";
import type { Cell } from "./types";

export const removed = signal<ReadonlySet<string>>(new Set()); // keys; a key stands for one run, one verdict, one version

/** Which cell the request would change: the one chosen, the one the server guessed, or the one answered last. */
export const aimed = signal<string | null>(null);

const cell = computed<Cell | undefined>(() => {
  const last = turns.value.findLast((turn) => turn.cell?.number)?.cell?.id ?? cells.value.at(-1)?.id;
  const id = aimed.value === "auto" ? last : aimed.value;
  return cells.value.find((one) => one.id === id);
});

export const given = computed<EvidencePiece[]>(() => (cell.value?.evidence ?? []).filter((piece) => !removed.value.has(piece.key)));

/** The keys that were taken out, as the server wants them. */
export const without = (): string[] => [...removed.value];

const field = (): void => document.getElementById("composer-request")?.focus();

export function Chips() {
  const pieces = given.value;
  const number = cell.value?.number;
  const drop = (key: string, event: MouseEvent): void => {
    const next = (event.currentTarget as HTMLElement).closest(".chip")?.nextElementSibling?.querySelector("button");
    removed.value = new Set([...removed.value, key]);
    if (next) next.focus();
    else field();
  };
  return (
    <>
      {pieces.map((piece) => (
        <span key={piece.key} class="chip given">
          {FAILED.has(piece.kind) && <span class="mark"><Icon name="fail" /></span>}
          {piece.kind === "audit" && <span class="mark warn"><Icon name="warn" /></span>}
          <span class="cut">{piece.title}</span>
          <button type="button" aria-label={`Leave out ${piece.title} of cell ${number}`} onClick={(event) => drop(piece.key, event)}>
            <Icon name="x" />
          </button>
        </span>
      ))}
      {pieces.length > 0 && <span class="chip given rest" aria-hidden="true" onClick={field}>+{pieces.length}</span>}
    </>
  ); // prettier-ignore
}

const FAILED = new Set(["test", "traceback"]);
