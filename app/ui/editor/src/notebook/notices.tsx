// What stands above the cells: how far the model is, whether and how code runs here, who is ahead in the queue.
import { useComputed, useSignal } from "@preact/signals";
import { megabytes } from "../format";
import { Notice } from "../notice";
import { act, failed } from "../server";
import { turns, view } from "../store";
import type { Engine, Kernel } from "../types";
import { sentences } from "./evidence";

export function Notices() {
  const engine = useComputed(() => view.value?.engine).value;
  const kernel = useComputed(() => view.value?.kernel).value;
  const queue = useComputed(() => turns.value.find((turn) => turn.status === "queued")?.message).value;
  return (
    <>
      {engine && <ModelNotice engine={engine} />}
      {kernel?.notice && <KernelNotice kernel={kernel} />}
      {queue && <Notice title={queue} reason="This machine writes only so many answers at a time. You can edit and run cells meanwhile." />}
    </>
  ); // prettier-ignore
}

const WORDS = {
  empty: "No model is loaded yet",
  fetching: "Fetching",
  converting: "Converting",
  loading: "Loading",
} as const;

function ModelNotice({ engine }: { engine: Engine }) {
  if (engine.state === "ready") return engine.failure ? <Stays engine={engine} /> : null;
  if (engine.state === "failed") return <ModelFailed engine={engine} />;
  const { done_bytes: done, total_bytes: total } = engine;
  const measured = total > 0 && engine.state !== "loading";
  return (
    <section class="load" aria-label="Model">
      <div class="row">
        <b>{WORDS[engine.state]} {engine.name}</b>
        <span class="sub num grow">{engine.quantisation}</span>
        {measured && <span class="num">{megabytes(done)} of {megabytes(total)} MB</span>}
      </div>
      <progress {...(measured ? { max: total, value: done } : {})} aria-label={`${WORDS[engine.state]} the model`} />
      <div class="row sub num">
        <span>{pace(engine)}</span>
        <span class="grow" />
        <span>{ASIDE[engine.state]}</span>
      </div>
    </section>
  ); // prettier-ignore
}

const ASIDE = {
  empty: "cells can be written and run meanwhile",
  fetching: "checked by sha256 when complete",
  converting: "once; the next start skips this",
  loading: "cells can be written and run meanwhile",
} as const;

function pace({ bytes_per_second: speed, seconds_left: left, message, state }: Engine): string {
  if (state !== "fetching" || !speed) return message;
  const time = left === null ? "" : `, about ${left < 90 ? `${Math.ceil(left)} s` : `${Math.ceil(left / 60)} min`} left`;
  return `${speed >= 1e6 ? megabytes(speed) : (speed / 1e6).toFixed(1)} MB/s${time}`;
}

/** Another model was chosen and could not be had. */
function Stays({ engine }: { engine: Engine }) {
  const read = useSignal("");
  if (read.value === engine.failure) return null;
  const [title, reason] = sentences(engine.failure);
  return (
    <Notice tone="warn" title={title} reason={`${reason} ${engine.name} goes on.`}>
      <button type="button" class="btn quiet" onClick={() => (read.value = engine.failure)}>Close</button>
    </Notice>
  ); // prettier-ignore
}

function ModelFailed({ engine }: { engine: Engine }) {
  const refused = useSignal("");
  const retry = async (): Promise<void> => {
    const answer = await act("retry_model", {});
    refused.value = failed(answer) ? answer.fault.message : "";
  };
  const [title, reason] = sentences(engine.message || `${engine.name} could not be loaded.`);
  return (
    <Notice tone="fail" title={title} reason={[reason, refused.value].filter(Boolean).join(" ")}>
      <button type="button" class="btn accent" onClick={() => void retry()}>Retry</button>
    </Notice>
  ); // prettier-ignore
}

function KernelNotice({ kernel }: { kernel: Kernel }) {
  const [title, reason] = sentences(kernel.notice);
  const refused = kernel.state === "refused";
  return <Notice tone={refused ? "fail" : "warn"} icon={refused ? "shut" : "warn"} title={title} reason={reason} />;
}
