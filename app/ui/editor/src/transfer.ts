// The bytes of a session's files: up by fetch, which alone can send the owner's key, and down through a blob.
import { ownerKey } from "./owner";
import type { Faulty } from "./server";
import { sessionId } from "./store";
import type { Fault } from "./types";

const LOST: Fault = { kind: "offline", message: "The connection was lost on the way. Try again." };

export async function upload(file: File): Promise<object | Faulty> {
  const url = address();
  url.searchParams.set("name", file.name);
  return told(() => fetch(url, { method: "POST", body: file, headers: headers() }));
}

/** Fetches a file and hands it to the browser as a download. */
export async function download(name: string): Promise<object | Faulty> {
  return told(async () => {
    const answer = await fetch(address(name), { headers: headers(), cache: "no-store" });
    if (answer.ok) save(await answer.blob(), name.slice(name.lastIndexOf("/") + 1));
    return answer;
  });
}

export function save(blob: Blob, name: string): void {
  const url = URL.createObjectURL(blob);
  Object.assign(document.createElement("a"), { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

const headers = (): Record<string, string> => ({ "x-owner-key": ownerKey() });

function address(name = ""): URL {
  const parts = [sessionId.value ?? "", ...(name ? name.split("/") : [])];
  return new URL(`files/${parts.map(encodeURIComponent).join("/")}`, document.baseURI);
}

async function told(ask: () => Promise<Response>): Promise<object | Faulty> {
  try {
    const answer = await ask();
    return answer.ok ? {} : ((await answer.json()) as Faulty);
  } catch {
    return { fault: LOST };
  }
}
