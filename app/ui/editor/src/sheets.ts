// Which side sheet is open. The sheet itself gives the focus back where it was.
import { signal } from "@preact/signals";
import type { Actions } from "./types";

export type SheetName = { name: "keys" | "share" | "settings" } | { name: "sees"; of: Actions["sees"][0] };

export const sheet = signal<SheetName | null>(null);
export const sidebar = signal<"open" | "closed">(innerWidth >= 1280 ? "open" : "closed");
