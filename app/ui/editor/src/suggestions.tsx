// The list of commands under the composer's hands: a combobox's listbox (WAI-ARIA Authoring Practices, "Combobox Pattern").
// The focus stays in the field; arrows walk, Tab or Enter takes, Esc closes, a tap takes too.
import { computed, signal } from "@preact/signals";
import { suggested, type Command } from "./commands";
import { text, write } from "./draft";

const LIST = "composer-commands";
const at = signal(0); // the option that Enter takes
const closed = signal<string | null>(null); // the text for which somebody closed the list

const options = computed(() => (closed.value === text.value ? [] : suggested(text.value)));
const active = computed(() => Math.min(at.value, Math.max(0, options.value.length - 1)));

const idOf = (command: Command): string => `${LIST}-${command.word.slice(1)}`;

/** What makes the field a combobox, while there is something to choose. */
export function comboboxOf(): Record<string, string | boolean> {
  const chosen = options.value[active.value];
  if (!chosen) return {};
  return {
    role: "combobox",
    "aria-expanded": true,
    "aria-controls": LIST,
    "aria-autocomplete": "list",
    "aria-activedescendant": idOf(chosen),
  };
}

/** Puts a command where the text was; one that needs more waits for it behind the word. */
function take(command: Command): void {
  write(command.needs ? `${command.word} ` : command.word);
  closed.value = text.value;
  at.value = 0;
  document.querySelector<HTMLElement>("#composer-request")?.focus();
}

/** Whether the key was meant for the list. */
export function suggests(event: KeyboardEvent): boolean {
  const count = options.value.length;
  const chosen = options.value[active.value];
  if (!chosen || event.isComposing) return false;
  if (event.key === "ArrowDown") at.value = (active.value + 1) % count;
  else if (event.key === "ArrowUp") at.value = (active.value + count - 1) % count;
  else if (event.key === "Escape") closed.value = text.value;
  else if (event.key === "Tab" && !event.shiftKey) take(chosen);
  else if (event.key === "Enter" && !event.shiftKey) take(chosen);
  else return false;
  event.preventDefault();
  event.stopPropagation();
  return true;
}

export function Suggestions() {
  if (!options.value.length) return null;
  return (
    <ul class="commands" id={LIST} role="listbox" aria-label="Actions on a cell">
      {options.value.map((command, place) => (
        <li
          id={idOf(command)} role="option" aria-selected={place === active.value}
          onPointerDown={(event) => event.preventDefault()} onClick={() => take(command)}
        >
          <code>{command.word}</code>
          <span>{command.label}</span>
          <small>{command.hint}</small>
        </li>
      ))}
    </ul>
  ); // prettier-ignore
}
