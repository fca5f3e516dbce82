// The files of the session: what its cells can open, and what they wrote.
import { useEffect, useState } from "preact/hooks";
import { SideSheet } from "./dialog";
import { bytes, clock, day } from "./format";
import { Notice } from "./notice";
import { act, failed, type Faulty } from "./server";
import { cells, view } from "./store";
import { download, upload } from "./transfer";
import type { Files, SessionFile } from "./types";

type Tell = (answer: Promise<object | Faulty>) => Promise<void>;

export function FilesSheet({ close }: { close: () => void }) {
  const [its, set] = useState<Files | null>(null);
  const [faults, setFaults] = useState<string[]>([]);
  const [busy, setBusy] = useState("");
  const read = async (): Promise<string[]> => {
    const answer = await act("files", {});
    if (failed(answer)) return [answer.fault.message];
    set(answer);
    return [];
  };
  const work = async (words: string, jobs: (() => Promise<object | Faulty>)[]): Promise<void> => {
    const found: string[] = [];
    setBusy(words);
    for (const job of jobs) {
      const came = await job();
      if (failed(came)) found.push(came.fault.message);
    }
    const late = await read();
    setBusy("");
    setFaults([...found, ...late]);
  };
  // What runs may write files; a kernel that ends may take them along.
  const ended = cells.value.filter((cell) => cell.run?.status !== "running").length;
  useEffect(() => void read().then(setFaults), [view.value?.kernel.state, ended]);
  return (
    <SideSheet title="Files" onClose={close}>
      <div class="files">
        <p class="sub">Cells open these files by name, and what they write to the working directory is listed here.</p>
        {faults.map((words) => (
          <Notice tone="fail" title={words} />
        ))}
        {its && <Upload its={its} busy={busy} send={(files) => work("Uploading…", files.map((file) => () => sent(file, its)))} />}
        {its && <List files={its.files} busy={busy !== ""} tell={(answer) => work("Working…", [() => answer])} />}
        {its && <Keep its={its} busy={busy !== ""} tell={(answer) => work("Working…", [() => answer])} />}
        {!its && !faults.length && <p class="sub">Reading the folder…</p>}
      </div>
    </SideSheet>
  );
}

async function sent(file: File, { largest }: Files): Promise<object | Faulty> {
  if (file.size <= largest) return upload(file);
  const message = `${file.name} has ${bytes(file.size)}; ${bytes(largest)} is the most for a file. Split it, or compress it.`;
  return { fault: { kind: "refused", message } };
}

function Upload({ its, busy, send }: { its: Files; busy: string; send: (files: File[]) => Promise<void> }) {
  const [over, setOver] = useState(false);
  const dropped = (event: DragEvent): void => {
    event.preventDefault();
    setOver(false);
    if (!busy) void send([...(event.dataTransfer?.files ?? [])]);
  };
  const chosen = (input: HTMLInputElement): void => {
    const files = [...(input.files ?? [])];
    input.value = ""; // the same file can be chosen again
    void send(files);
  };
  return (
    <label
      class="drop" data-over={over}
      onDragOver={(event) => (event.preventDefault(), setOver(true))} onDragLeave={() => setOver(false)} onDrop={dropped}
    >
      <span>{busy || "Upload files, or drop them here"}</span>
      <input type="file" multiple aria-label="Upload files" disabled={busy !== ""} onChange={(event) => chosen(event.currentTarget)} />
      <small class="sub num" role="status">
        {bytes(its.used)} of {bytes(its.room)} used; {bytes(its.largest)} at most for a file
      </small>
    </label>
  ); // prettier-ignore
}

function List({ files, busy, tell }: { files: SessionFile[]; busy: boolean; tell: Tell }) {
  if (!files.length) {
    const none = view.value?.kernel.state === "none";
    return <p class="sub">{none ? "No files yet. Files appear with the first run, or with the first upload, which starts the kernel." : "No files yet."}</p>;
  }
  return (
    <ul aria-label="Files of this session">
      {files.map((file) => (
        <Row key={file.name} file={file} busy={busy} tell={tell} />
      ))}
    </ul>
  );
}

function Row({ file, busy, tell }: { file: SessionFile; busy: boolean; tell: Tell }) {
  const [asked, ask] = useState(false);
  return (
    <li>
      <div class="file">
        <div class="grow">
          <bdi class="mono">{file.name}</bdi>
          <small class="sub num">
            {bytes(file.size)}, {day(file.changed_at)}, {clock(file.changed_at)}
          </small>
        </div>
        <button type="button" class="btn" disabled={busy} aria-label={`Download ${file.name}`} onClick={() => void tell(download(file.name))}>
          Download
        </button>
        <button type="button" class="btn quiet" disabled={busy || asked} aria-label={`Delete ${file.name}`} onClick={() => ask(true)}>
          Delete…
        </button>
      </div>
      {asked && (
        <Notice tone="warn" title={`Delete ${file.name}?`} reason="It does not come back.">
          <button type="button" class="btn danger" disabled={busy} onClick={() => void tell(act("remove_file", { name: file.name })).then(() => ask(false))}>
            Delete
          </button>
          <button type="button" class="btn quiet" onClick={() => ask(false)}>
            Leave it
          </button>
        </Notice>
      )}
    </li>
  );
}

function Keep({ its, busy, tell }: { its: Files; busy: boolean; tell: Tell }) {
  const [wanted, want] = useState(its.kept); // shown while the server is asked
  useEffect(() => want(its.kept), [its]);
  if (!its.keepable) return <p class="sub">Files are gone when the kernel ends. Download what you need.</p>;
  const words = its.kept
    ? "They are stored when the kernel ends and given to the next one."
    : "Otherwise they are gone when the kernel ends: after a restart, a long time without use, or with the server.";
  return (
    <label class="keep">
      <input
        type="checkbox" role="switch" checked={wanted} disabled={busy}
        onChange={({ currentTarget: { checked } }) => (want(checked), void tell(act("keep_files", { kept: checked })))}
      />
      <span>
        Keep these files with the session
        <small class="sub">{words}</small>
      </span>
    </label>
  ); // prettier-ignore
}
