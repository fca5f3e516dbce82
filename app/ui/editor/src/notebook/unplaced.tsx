// The code of an answer while it is open where it goes: to a new cell, or into one that has a function of that name.
import { useComputed } from "@preact/signals";
import { useLayoutEffect, useRef } from "preact/hooks";
import { cells, turns } from "../store";
import { useFollowing } from "./code";
import { Listing } from "./diffView";
import { Chip } from "./header";

export function Unplaced() {
  const code = useComputed(() => turns.value.find((turn) => turn.unplaced)?.unplaced ?? "").value;
  return code ? <Arriving code={code} /> : null;
}

function Arriving({ code }: { code: string }) {
  const place = useRef<HTMLElement>(null);
  const follow = useFollowing(place, true);
  useLayoutEffect(follow, [code]);
  return (
    <article ref={place} class="cell ghost" aria-label="Code on its way" aria-busy="true">
      <header>
        <span class="n">{cells.value.length + 1}</span>
        <h2 class="sub grow">which cell it goes to shows at its end</h2>
        <Chip tone="live" text="writing" />
      </header>
      <Listing source={code} label="Code on its way, read-only" live />
    </article>
  ); // prettier-ignore
}
