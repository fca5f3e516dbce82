// What is open beside the thread and the cells.
import { batch, effect, signal } from "@preact/signals";
import type { Actions, Sees } from "./types";

export type SheetName = { name: "files" | "keys" | "replays" | "share" | "settings" } | { name: "sees"; of: Actions["sees"][0]; known?: Sees };

export const sheet = signal<SheetName | null>(null);

const oneColumn = matchMedia("(max-width: 900px)");
export const phone = signal(oneColumn.matches);
oneColumn.addEventListener("change", () =>
  batch(() => {
    phone.value = oneColumn.matches;
    sidebar.value = !phone.value && remembered() === "open";
  }),
);

/** What the keyboard of a phone leaves of the window; only some browsers take it off the page's own height. */
export function followKeyboard(): void {
  const seen = window.visualViewport;
  seen?.addEventListener("resize", () => {
    if (seen.scale !== 1) return; // the page is magnified, not cut
    const covered = phone.value && innerHeight - seen.height > 100;
    document.documentElement.style.setProperty("--cg-height", covered ? `${seen.height}px` : "");
    if (covered) scrollTo(0, 0);
  });
}

const NAME = "codegen-playground-sidebar";
export const sidebar = signal(!oneColumn.matches && remembered() === "open");
effect(() => {
  if (!phone.value) remember(sidebar.value ? "open" : "closed");
});

function remembered(): string {
  try {
    return localStorage.getItem(NAME) ?? (innerWidth >= 1280 ? "open" : "closed");
  } catch {
    return "closed";
  }
}

function remember(state: string): void {
  try {
    localStorage.setItem(NAME, state);
  } catch {
    // Without storage the sidebar starts as the width suggests.
  }
}
