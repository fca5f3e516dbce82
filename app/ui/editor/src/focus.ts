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

/**
 * Keeps the focus of whoever works with the keyboard: where the element that has it goes, or is switched off, the nearest
 * one around it that can have it takes it. Who has clicked beside everything keeps nothing.
 */
export function keepFocus(page: HTMLElement): void {
  let last: HTMLElement | null = null;
  let around: HTMLElement[] = [];
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
    const heir = around.find((it) => it.isConnected && it.checkVisibility());
    last = null;
    heir?.focus({ preventScroll: true });
  }).observe(page, { childList: true, subtree: true, attributes: true, attributeFilter: ["disabled", "hidden"] });
}

const able = (it: HTMLElement): boolean => it.isConnected && !it.matches(":disabled, [hidden] *");

function* holders(from: HTMLElement | null): Iterable<HTMLElement> {
  for (let it = from; it; it = it.parentElement) if (it.hasAttribute("tabindex")) yield it;
}
