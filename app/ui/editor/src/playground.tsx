// The page's entry. app/ui/components.py calls `CodeGenPlayground.mount(element, server)` once Gradio has drawn its element.
import { effect } from "@preact/signals";
import { render } from "preact";
import * as draft from "./draft";
import * as keys from "./keys";
import * as route from "./route";
import { connect } from "./server";
import { Shell } from "./shell";
import { view } from "./store";

const NAME = "CodeGen Playground";
type Server = Parameters<typeof connect>[0];

function mount(element: HTMLElement, server: Server): void {
  connect(server);
  draft.start();
  keys.start();
  route.start();
  effect(() => void (document.title = [view.value?.session.title, NAME].filter(Boolean).join(" · ")));
  render(<Shell />, element);
}

Object.assign(window, { CodeGenPlayground: { mount } });
