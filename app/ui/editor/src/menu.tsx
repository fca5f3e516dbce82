// A button with a menu. The browser's popover gives the top layer, closing by Esc or a click elsewhere, and focus back.
import type { ComponentChildren } from "preact";
import { useId, useRef, useState } from "preact/hooks";
import { Icon, type IconName } from "./icons";

export interface Item {
  label: string;
  hint?: string;
  icon?: IconName;
  checked?: boolean; // given: one choice of several
  switch?: boolean; // with `checked`: by itself on or off
  disabled?: boolean;
  run: () => void;
}

interface Props {
  items: (Item | null)[]; // null draws a line
  class: string;
  label?: string; // where the button shows no words
  disabled?: boolean;
  children: ComponentChildren;
}

export function Menu({ items, class: name, label, disabled, children }: Props) {
  const id = useId();
  const button = useRef<HTMLButtonElement>(null);
  const menu = useRef<HTMLDivElement>(null);
  const [open, setOpen] = useState(false); // what is chosen from is drawn only while it is looked at
  const toggled = (event: ToggleEvent): void => {
    if (event.newState === "open") opened(button.current, menu.current);
    else setOpen(false);
  };
  return (
    <>
      <button
        type="button" ref={button} class={name} aria-label={label} disabled={disabled}
        aria-haspopup="menu" aria-expanded={open} popovertarget={id}
      >
        {children}
      </button>
      <div
        id={id} ref={menu} class="menu" role="menu" popover="auto"
        onBeforeToggle={(event: ToggleEvent) => event.newState === "open" && setOpen(true)} onToggle={toggled} onKeyDown={walk}
      >
        {open && items.map((item) => (item ? <Entry item={item} close={() => menu.current?.hidePopover()} /> : <hr />))}
      </div>
    </>
  ); // prettier-ignore
}

function Entry({ item, close }: { item: Item; close: () => void }) {
  const role = item.switch ? ("menuitemcheckbox" as const) : ("menuitemradio" as const);
  const chosen = item.checked === undefined ? {} : { role, "aria-checked": item.checked };
  return (
    <button
      type="button" role="menuitem" tabIndex={-1} disabled={item.disabled} {...chosen}
      onClick={() => (close(), item.run())}
    >
      {item.icon && <Icon name={item.icon} />}
      <span>{item.label}</span>
      {item.hint && <small>{item.hint}</small>}
      {item.checked && <Icon name="check" />}
    </button>
  ); // prettier-ignore
}

/** Moves the focus to the choice in force, and places the menu under its button, or over it where there is no room. */
function opened(button: HTMLElement | null, menu: HTMLElement | null): void {
  if (!button || !menu) return;
  (menu.querySelector<HTMLElement>("[aria-checked=true]") ?? entries(menu)[0])?.focus();
  const at = button.getBoundingClientRect();
  const { offsetWidth: width, offsetHeight: height } = menu;
  const below = at.bottom + 4 + height <= innerHeight || at.top < height;
  menu.style.top = `${Math.max(8, below ? Math.min(at.bottom + 4, innerHeight - height - 8) : at.top - height - 4)}px`;
  menu.style.left = `${Math.max(8, Math.min(at.left, innerWidth - width - 8))}px`;
}

const entries = (menu: HTMLElement): HTMLElement[] => [...menu.querySelectorAll<HTMLElement>("button:not(:disabled)")];

function walk(event: KeyboardEvent): void {
  const all = entries(event.currentTarget as HTMLElement);
  const here = all.indexOf(document.activeElement as HTMLElement);
  const steps: Record<string, number> = { ArrowDown: here + 1, ArrowUp: here - 1, Home: 0, End: -1 };
  const to = steps[event.key];
  if (to === undefined) {
    if (event.key === "Tab") (event.currentTarget as HTMLElement).hidePopover();
    return;
  }
  event.preventDefault();
  all.at(to % all.length)?.focus();
}
