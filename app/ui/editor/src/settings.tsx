// Sampling of this session, and the models this server knows.
import { useEffect, useRef, useState } from "preact/hooks";
import { SideSheet } from "./dialog";
import { loading } from "./format";
import { Notice } from "./notice";
import { act, failed } from "./server";
import { view } from "./store";
import type { Engine, Model, Sampling } from "./types";

const START: Sampling = { temperature: 0, top_p: 1, max_tokens: 1024, seed: null };
const PAUSE = 400; // ms after the last change

export function SettingsSheet({ close }: { close: () => void }) {
  return (
    <SideSheet title="Model and sampling" onClose={close}>
      <SamplingForm />
      <Models />
    </SideSheet>
  );
}

// ---------- sampling ----------

function SamplingForm() {
  const [its, set] = useState<Sampling>(view.value?.session.sampling ?? START);
  const [fault, setFault] = useState("");
  const timer = useRef(0);
  const change = (part: Partial<Sampling>): void => {
    const sampling = { ...its, ...part };
    set(sampling);
    clearTimeout(timer.current);
    timer.current = window.setTimeout(async () => {
      const answer = await act("settings", { sampling });
      setFault(failed(answer) ? answer.fault.message : "");
    }, PAUSE);
  };
  return (
    <section class="sampling">
      <h3>Sampling</h3>
      {fault && <Notice tone="fail" title={fault} />}
      <Slide
        label="Temperature" hint={its.temperature ? "varied" : "always the likeliest token"}
        value={its.temperature} min={0} max={1.5} step={0.05} set={(temperature) => change({ temperature })}
      />
      <Slide
        label="Top-p" hint="of the likeliest tokens, this share counts"
        value={its.top_p} min={0.05} max={1} step={0.05} set={(top_p) => change({ top_p })}
      />
      <Slide
        label="Maximum length" hint="tokens of an answer"
        value={its.max_tokens} min={64} max={4096} step={64} set={(max_tokens) => change({ max_tokens })}
      />
      <label class="line">
        <span>Seed</span>
        <input
          class="field num" inputMode="numeric" placeholder="new each time" value={its.seed ?? ""} maxLength={10}
          onInput={(event) => change({ seed: seed(event.currentTarget) })}
        />
        <small class="sub">{its.temperature ? "kept with every turn" : "has no effect at temperature 0"}</small>
      </label>
    </section>
  ); // prettier-ignore
}

/** Digits make a seed, nothing makes a new one each time; other signs are not taken. */
function seed(field: HTMLInputElement): number | null {
  field.value = field.value.replace(/\D/g, "");
  return field.value ? Math.min(Number(field.value), 2 ** 31 - 1) : null;
}

interface SlideProps {
  label: string;
  hint: string;
  value: number;
  min: number;
  max: number;
  step: number;
  set: (value: number) => void;
}

function Slide({ label, hint, set, ...range }: SlideProps) {
  return (
    <label class="line">
      <span>{label}</span>
      <input type="range" {...range} onInput={(event) => set(event.currentTarget.valueAsNumber)} />
      <output class="num">{range.value}</output>
      <small class="sub">{hint}</small>
    </label>
  );
}

// ---------- models ----------

function Models() {
  const [models, show] = useState<Model[] | null>(null);
  const [fault, setFault] = useState("");
  const engine = view.value?.engine;
  useEffect(() => {
    void act("models", {}).then((answer) => (failed(answer) ? setFault(answer.fault.message) : show(answer.models)));
  }, [engine?.state, engine?.model]);
  const use = async (model: string): Promise<void> => {
    const answer = await act("use_model", { model });
    setFault(failed(answer) ? answer.fault.message : "");
  };
  if (engine?.remote) return <Remote engine={engine} />;
  return (
    <section class="models">
      <h3>Model</h3>
      {engine && engine.state !== "ready" && <p class="sub">{loading(engine)}.</p>}
      {fault && <Notice tone="fail" title={fault} />}
      {!models && !fault && <p class="sub">Reading the catalogue…</p>}
      <ul>
        {models?.map((model) => (
          <ModelRow key={model.id} model={model} current={model.id === engine?.model} use={() => void use(model.id)} />
        ))}
      </ul>
    </section>
  );
}

/** Whoever runs this page chose the server; there is nothing to pick. */
function Remote({ engine }: { engine: Engine }) {
  return (
    <section class="models">
      <h3>Model</h3>
      <ul>
        <li aria-current="true">
          <div class="grow">
            <b>{engine.name}</b>
            <p class="sub num">remote · {engine.placement}</p>
            {engine.state !== "ready" && <p class="sub">{engine.message}</p>}
          </div>
          {engine.state === "ready" && <span class="chip target">in use</span>}
        </li>
      </ul>
      <p class="sub">The model runs on a server of its own, chosen by whoever runs this page. Requests and the cells they need are sent there.</p>
    </section>
  ); // prettier-ignore
}

function ModelRow({ model, current, use }: { model: Model; current: boolean; use: () => void }) {
  const facts = [model.parameters, model.size, `${model.context} tokens`, model.licence, model.on_disk ? "on disk" : "to be fetched"];
  return (
    <li aria-current={current ? "true" : undefined}>
      <div class="grow">
        <b>{model.name}</b>
        <p class="sub num">{facts.filter(Boolean).join(" · ")}</p>
        {model.note && <p class={model.fits ? "sub" : "warn"}>{model.note}</p>}
      </div>
      {current ? (
        <span class="chip target">in use</span>
      ) : (
        <button type="button" class="btn" disabled={!model.fits} aria-label={`Use ${model.name}`} onClick={use}>
          {model.fits ? "Use" : "Not usable here"}
        </button>
      )}
    </li>
  );
}
