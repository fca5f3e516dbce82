// The page's entry. app/ui/components.py calls `CodeGenPlayground.mount(element, server, title)` once Gradio has drawn its element.
import { effect } from "@preact/signals";
import { render } from "preact";
import { composerField } from "./composer";
import * as draft from "./draft";
import { keepFocus } from "./focus";
import * as keys from "./keys";
import { followKeyboard } from "./panes";
import * as route from "./route";
import { connect } from "./server";
import { Shell } from "./shell";
import { brand, view } from "./store";

type Server = Parameters<typeof connect>[0];

function mount(element: HTMLElement, server: Server, title: string): void {
  brand.value = title;
  connect(server);
  draft.start();
  keys.start();
  route.start();
  followKeyboard();
  keepFocus(element, composerField);
  effect(() => void (document.title = [view.value?.session.title, title].filter(Boolean).join(" · ")));
  render(<Shell />, element);
}

Object.assign(window, { CodeGenPlayground: { mount } });
