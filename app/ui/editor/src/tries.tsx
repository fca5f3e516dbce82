// How many answers are sampled for the next request.
import { signal } from "@preact/signals";
import { Icon } from "./icons";
import { Menu, type Item } from "./menu";

export const tries = signal(1); // back to one with every request: several cost several times as much
export const firstPass = signal(false); // stop as soon as one answer holds every test

const COUNTS = [1, 2, 3, 4, 5, 6, 7, 8];

const named = (count: number): string => (count === 1 ? "1 candidate" : `${count} candidates`);

export function Tries() {
  return (
    <Menu class="btn quiet num tries" label={`Answers to sample: ${named(tries.value)}`} items={items()}>
      <span class="wide">{named(tries.value)}</span>
      <span class="narrow" aria-hidden="true">×{tries.value}</span>
      <Icon name="down" />
    </Menu>
  ); // prettier-ignore
}

function items(): (Item | null)[] {
  const count = (its: number): Item => ({
    label: named(its),
    hint: its === 1 ? "" : "run against all tests",
    checked: tries.value === its,
    run: () => (tries.value = its),
  });
  const stop: Item = {
    label: "Stop at the first that holds all tests",
    checked: firstPass.value,
    switch: true,
    run: () => (firstPass.value = !firstPass.value),
  };
  return [...COUNTS.map(count), null, stop];
}
