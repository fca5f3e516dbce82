// The links to read-only copies of the session: made on demand, shown as text, brought up to date, withdrawn.
import { useState } from "preact/hooks";
import { Copy } from "./copy";
import { SideSheet } from "./dialog";
import { clock, day } from "./format";
import { Notice } from "./notice";
import { actSaved } from "./saved";
import { act, failed, type Faulty } from "./server";
import { view } from "./store";
import type { Share } from "./types";

export function ShareSheet({ close }: { close: () => void }) {
  const [fault, setFault] = useState("");
  const [busy, setBusy] = useState(false);
  const shares = view.value?.session.shares ?? [];
  const tell = async (answer: Promise<object | Faulty>): Promise<void> => {
    setBusy(true);
    const came = await answer;
    setBusy(false);
    setFault(failed(came) ? came.fault.message : "");
  };
  return (
    <SideSheet title="Share" onClose={close}>
      <p class="sub">
        A link shows a read-only copy of this session to anyone who has it: requests, code, outputs, and for each output whether it ran on
        exactly the code shown. Nothing runs there; visitors can fork it.
      </p>
      {fault && <Notice tone="fail" title={fault} />}
      <ul class="links">
        {shares.map((share) => (
          <Link key={share.token} share={share} busy={busy} tell={tell} />
        ))}
      </ul>
      {!shares.length && (
        <button type="button" class="btn primary" disabled={busy} onClick={() => void tell(actSaved("share", {}))}>
          Create a link
        </button>
      )}
    </SideSheet>
  );
}

interface LinkProps {
  share: Share;
  busy: boolean;
  tell: (answer: Promise<object | Faulty>) => Promise<void>;
}

function Link({ share, busy, tell }: LinkProps) {
  const [asked, ask] = useState(false);
  const address = new URL(share.path, document.baseURI).href;
  return (
    <li>
      <div class="address">
        <input
          class="field mono" readOnly aria-label="Link" dir="ltr" value={address} size={1}
          onFocus={(event) => event.currentTarget.select()}
        />
        <Copy text={() => address} />
      </div>
      <p class="sub num">
        Copy of {day(share.updated_at)}, {clock(share.updated_at)}.{" "}
        <a href={address} target="_blank" rel="noopener noreferrer">
          Open it
        </a>
      </p>
      {!share.current && (
        <Notice tone="warn" title="The copy is older than the session.">
          <button type="button" class="btn accent" disabled={busy} onClick={() => void tell(actSaved("share", {}))}>
            Update
          </button>
        </Notice>
      )}
      {asked ? (
        <Notice tone="warn" title="Revoke this link?" reason="It stops working at once, for everyone, and does not come back. The session stays.">
          <button type="button" class="btn danger" disabled={busy} onClick={() => void tell(act("revoke", { token: share.token }))}>
            Revoke
          </button>
          <button type="button" class="btn quiet" onClick={() => ask(false)}>
            Keep it
          </button>
        </Notice>
      ) : (
        <button type="button" class="btn quiet revoke" onClick={() => ask(true)}>
          Revoke…
        </button>
      )}
    </li>
  ); // prettier-ignore
}
