// Times, sizes and counts as a person reads them.
import type { Engine } from "./types";

const CLOCK = new Intl.DateTimeFormat([], { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
const DAY = new Intl.DateTimeFormat([], { day: "numeric", month: "short" });
const YEAR = new Intl.DateTimeFormat([], { day: "numeric", month: "short", year: "numeric" });

export const clock = (iso: string): string => CLOCK.format(new Date(iso));

export function day(iso: string, now = new Date()): string {
  const date = new Date(iso);
  return (date.getFullYear() === now.getFullYear() ? DAY : YEAR).format(date);
}

/** Whole days between two moments by the calendar, not by 24 hours. */
export function daysAgo(iso: string, now = new Date()): number {
  const midnight = (date: Date): number => Date.UTC(date.getFullYear(), date.getMonth(), date.getDate());
  return Math.round((midnight(now) - midnight(new Date(iso))) / 86_400_000);
}

export const count = (n: number, thing: string): string => `${n} ${thing}${n === 1 ? "" : "s"}`;
export const megabytes = (bytes: number): string => String(Math.round(bytes / 1e6));

/** A count of bytes as the server writes it: units are powers of 1024. */
export function bytes(count: number): string {
  const unit = ["bytes", "KB", "MB", "GB"];
  let step = 0;
  for (; count >= 1024 && step < 3; step++) count /= 1024;
  return `${Number(count.toPrecision(count < 1000 ? 3 : 4))} ${unit[step]}`;
}

export const seconds = (s: number): string => (s < 10 ? `${s.toFixed(1)} s` : `${Math.round(s)} s`);

/** How far the model is, in one line. */
export function loading(engine: Engine): string {
  switch (engine.state) {
    case "empty":
      return "No model is loaded yet";
    case "fetching": {
      const of = engine.total_bytes ? `${megabytes(engine.done_bytes)} of ${megabytes(engine.total_bytes)} MB` : "";
      const left = engine.seconds_left === null ? "" : `, about ${seconds(engine.seconds_left)} left`;
      return `${engine.name} is being fetched${of && `: ${of}`}${left}`;
    }
    case "converting":
      return `${engine.name} is being converted, once`;
    case "loading":
      return `${engine.name} is being loaded`;
    case "failed":
      return `${engine.name} could not be loaded`;
    case "ready":
      return `${engine.name} is ready`;
  }
}
