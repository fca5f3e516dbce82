// Times, sizes and counts as a person reads them.
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
export const seconds = (s: number): string => (s < 10 ? `${s.toFixed(1)} s` : `${Math.round(s)} s`);
