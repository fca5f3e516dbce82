// The page: sessions, bars, thread with its composer, cells. One grid, which on a phone becomes one column with two panes.
import { BarFault, LeftBar, RightBar } from "./bars";
import { Composer } from "./composer";
import { SideSheet } from "./dialog";
import { Notebook } from "./notebook";
import { Notice } from "./notice";
import { phone, sidebar } from "./panes";
import { again, goToNew, opening, read } from "./route";
import { SessionList } from "./sessions";
import { Sheets } from "./sheets";
import { gone, pane } from "./store";
import { Thread } from "./thread";

export function Shell() {
  const blocked = opening.value !== null || gone.value !== "";
  const docked = phone.value && pane.value === "thread" && !blocked; // the cells, and what stands over them, are out of sight
  return (
    <div class="cg" data-pane={pane.value}>
      <Side />
      <LeftBar />
      <RightBar />
      <section class="thread" id="pane-thread" aria-label="Thread">
        {blocked ? <Blocked /> : <Thread />}
        {!blocked && (
          <div class="dock">
            {docked && <BarFault docked />}
            <Composer />
          </div>
        )}
      </section>
      <main class="cells" id="pane-cells" aria-label="Cells">
        {!docked && <BarFault />}
        <Notebook />
      </main>
      <Sheets />
    </div>
  );
}

function Side() {
  if (!sidebar.value) return null;
  if (!phone.value) {
    return (
      <aside class="side" aria-label="Sessions">
        <SessionList />
      </aside>
    );
  }
  return (
    <SideSheet title="Sessions" side="left" onClose={() => (sidebar.value = false)}>
      <SessionList />
    </SideSheet>
  );
}

/** Stands for the thread where there is no session to show. */
function Blocked() {
  const fault = opening.value;
  return (
    <div class="turns">
      <Notice tone="fail" title={fault ? fault.message : gone.value} reason={fault ? "" : BELONGS}>
        <button type="button" class="btn accent" onClick={() => (fault ? void read() : again())}>
          Try again
        </button>
        <button type="button" class="btn" onClick={() => void goToNew()}>
          New session
        </button>
      </Notice>
    </div>
  );
}

const BELONGS = "Sessions belong to the browser that made them. A share link shows a session to anyone.";
