// A side sheet. <dialog> makes the rest inert, closes on Esc and gives the focus back to where it was.
import type { ComponentChildren } from "preact";
import { useEffect, useId, useRef } from "preact/hooks";
import { Icon } from "./icons";

interface Props {
  title: string;
  side?: "left" | "right";
  actions?: ComponentChildren; // beside the title
  onClose: () => void;
  children: ComponentChildren;
}

export function SideSheet({ title, side = "right", actions, onClose, children }: Props) {
  const dialog = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => {
    const before = document.activeElement as HTMLElement | null;
    dialog.current?.showModal();
    return () => before?.isConnected && before.focus();
  }, []);
  const pressed = useRef<EventTarget | null>(null); // a selection may begin in the sheet and end beside it
  const outside = (event: MouseEvent): void => {
    if (event.target === dialog.current && pressed.current === dialog.current) onClose(); // the backdrop is the dialog's own
  };
  return (
    <dialog
      ref={dialog} class={`sheet ${side}`} aria-labelledby={id} onClose={onClose} onClick={outside}
      onPointerDown={(event) => (pressed.current = event.target)}
    >
      <div class="inside">
        <header>
          <h2 id={id} class="grow">
            {title}
          </h2>
          {actions}
          <button type="button" class="btn quiet icon" aria-label="Close" onClick={onClose}>
            <Icon name="x" />
          </button>
        </header>
        <div class="body" tabIndex={-1}>
          {children}
        </div>
      </div>
    </dialog>
  ); // prettier-ignore
}
