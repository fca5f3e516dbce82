// Where the focus goes: into what has just appeared, and never to nowhere.
import { useLayoutEffect, useRef, type MutableRef } from "preact/hooks";

export function useFocus<T extends HTMLElement>(then?: (element: T) => void): MutableRef<T | null> {
  const its = useRef<T>(null);
  useLayoutEffect(() => {
    its.current?.focus();
    if (its.current) then?.(its.current);
  }, []);
  return its;
}

/** Gives the focus to what stands there once the page has been drawn again: to what a field stood in the place of. */
export function afterDrawn(find: () => Element | null | undefined): void {
  requestAnimationFrame(() => (find() as HTMLElement | null | undefined)?.focus());
}

/**
 * Keeps the focus of whoever works with the keyboard: where the element that has it goes, or is switched off, the nearest
 * one around it that can have it takes it, else what `home` gives: to somebody who taps, that would only open a keyboard
 * on the screen. Who has clicked beside everything keeps nothing.
 */
export function keepFocus(page: HTMLElement, home: () => HTMLElement | null): void {
  let last: HTMLElement | null = null;
  let around: HTMLElement[] = [];
  let byKey = false;
  page.addEventListener("keydown", () => (byKey = true), { capture: true });
  page.addEventListener("pointerdown", () => (byKey = false), { capture: true });
  page.addEventListener("focusin", ({ target }) => {
    last = target as HTMLElement;
    around = [...holders(last.parentElement)];
  });
  page.addEventListener("focusout", ({ target, relatedTarget }) => {
    const left = target as HTMLElement;
    if (relatedTarget === null) setTimeout(() => left === last && able(left) && document.activeElement !== left && (last = null));
  });
  new MutationObserver(() => {
    if (!last || able(last) || (document.activeElement !== document.body && document.activeElement !== last)) return;
    const heir = around.find((it) => it.isConnected && it.checkVisibility()) ?? (byKey ? home() : null);
    last = null;
    heir?.focus({ preventScroll: true });
  }).observe(page, { childList: true, subtree: true, attributes: true, attributeFilter: ["disabled", "hidden"] });
}

const able = (it: HTMLElement): boolean => it.isConnected && !it.matches(":disabled, [hidden] *");

function* holders(from: HTMLElement | null): Iterable<HTMLElement> {
  for (let it = from; it; it = it.parentElement) if (it.hasAttribute("tabindex")) yield it;
}
