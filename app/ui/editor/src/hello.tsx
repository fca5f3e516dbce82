// An empty session: what this is, and four requests to begin with.
import { offer } from "./composer";
import { Icon } from "./icons";
import { sheet } from "./panes";
import { Prose } from "./words";

const FIRST = [
  ["Write a function that sorts a list of integers", "A function, to be changed in the next request"],
  ["Simulate 500 random walks and plot where they end", "A figure"],
  ["Make a pandas table of the numbers 1 to 12 with their squares and cubes", "A table"],
  ["Write a class `Stack` that can push, pop and tell its minimum", "A class"],
] as const;

export function Hello() {
  return (
    <div class="hello">
      <h2>Say what a function should do. It arrives as a cell that runs.</h2>
      <p class="lead">
        Each answer is code beside this thread. Run it, edit it by hand, ask for a change: the next version keeps the ones before.
      </p>
      <ul class="firsts" aria-label="First requests">
        {FIRST.map(([request, what]) => (
          <li>
            <button type="button" onClick={() => offer(request)}>
              <span>
                <Prose text={request} />
              </span>
              <small>{what}</small>
              <Icon name="right" />
            </button>
          </li>
        ))}
      </ul>
      <p>
        <button type="button" class="btn quiet" aria-haspopup="dialog" onClick={() => (sheet.value = { name: "replays" })}>
          Load a dialogue with slots
        </button>
      </p>
    </div>
  );
}
