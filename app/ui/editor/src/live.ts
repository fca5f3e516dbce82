// The live stream: server-sent events read by fetch, because only fetch can send the owner's key in a header.
import { ownerKey } from "./owner";
import { connection, gone, receive } from "./store";
import type { Message } from "./types";

const SILENCE = 25_000; // ms; the server writes a comment every 10 s, so this much silence is a dead line
const FIRST_PAUSE = 500;
const LONGEST_PAUSE = 5_000;

/** Keeps the store filled from `session`; returns how to end it. */
export function follow(session: string): () => void {
  const ended = new AbortController();
  const line = new Line(session, ended.signal);
  const hurry = (): void => {
    if (document.visibilityState === "visible") line.hurry();
  };
  addEventListener("online", hurry, { signal: ended.signal });
  document.addEventListener("visibilitychange", hurry, { signal: ended.signal });
  void line.keep();
  return () => ended.abort();
}

class Line {
  private pause = FIRST_PAUSE;
  private heard = 0; // when the server was last heard, in ms of performance.now
  private wake = (): void => {};
  private attempt = new AbortController();

  constructor(
    private readonly session: string,
    private readonly ended: AbortSignal,
  ) {}

  async keep(): Promise<void> {
    this.ended.addEventListener("abort", () => (this.attempt.abort(), this.wake()));
    while (!this.ended.aborted) {
      await this.listen();
      if (this.ended.aborted || gone.value) return; // gone is the server's last word
      connection.value = "lost";
      await this.rest();
    }
  }

  /** Called when the page is back: a phone may have killed the line without a word. */
  hurry(): void {
    this.pause = FIRST_PAUSE;
    this.wake();
    if (performance.now() - this.heard > SILENCE / 2) this.attempt.abort();
  }

  private async rest(): Promise<void> {
    const timer = setTimeout(() => this.wake(), this.pause * (0.8 + 0.4 * Math.random()));
    await new Promise<void>((resolve) => (this.wake = resolve));
    clearTimeout(timer);
    this.pause = Math.min(this.pause * 2, LONGEST_PAUSE);
  }

  private async listen(): Promise<void> {
    this.attempt = new AbortController();
    const watch = setInterval(() => {
      if (performance.now() - this.heard > SILENCE) this.attempt.abort();
    }, 1_000);
    this.heard = performance.now();
    try {
      await this.read(await this.open());
    } catch {
      // Aborted, refused or cut: each is a lost line, and the next try tells more.
    } finally {
      clearInterval(watch);
    }
  }

  private async open(): Promise<Response> {
    const url = new URL("live", document.baseURI);
    url.searchParams.set("session", this.session);
    return fetch(url, { headers: { "x-owner-key": ownerKey() }, cache: "no-store", signal: this.attempt.signal });
  }

  private async read(response: Response): Promise<void> {
    if (!response.body || !response.headers.get("content-type")?.startsWith("text/event-stream")) {
      if (response.status >= 400 && response.status < 500) gone.value = "This session cannot be opened in this browser.";
      return;
    }
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    let rest = "";
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      this.heard = performance.now();
      const events = (rest + value).split(/\r?\n\r?\n/);
      rest = events.pop() ?? "";
      events.forEach((event) => this.take(event));
    }
  }

  private take(event: string): void {
    const lines = event.split(/\r?\n/).filter((line) => line.startsWith("data:"));
    if (!lines.length || this.ended.aborted) return;
    receive(JSON.parse(lines.map((line) => line.slice(5)).join("\n")) as Message);
    this.pause = FIRST_PAUSE;
    connection.value = "open";
  }
}
