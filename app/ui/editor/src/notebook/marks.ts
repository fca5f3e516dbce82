// What is drawn over code: the line that failed, a version on its way, and the indentation of wrapped lines.
import { type EditorState, type Extension, type Range, RangeSet, StateEffect, StateField } from "@codemirror/state";
import { Decoration, type DecorationSet, EditorView, GutterMarker, ViewPlugin, type ViewUpdate, WidgetType, gutterLineClass } from "@codemirror/view"; // prettier-ignore
import { hanging } from "./highlight";
import type { Arriving } from "./lines";

export interface Marks {
  error: number | null; // line, from 1
  arriving: Omit<Arriving, "text"> | null;
  warned: readonly number[]; // starts of the lines that the audit warns of; they move with the text
}

export const setMarks = StateEffect.define<Partial<Marks>>();
const NONE: Marks = { error: null, arriving: null, warned: [] };

const field = StateField.define<Marks>({
  create: () => NONE,
  update(marks, change) {
    const set = change.effects.flatMap((effect) => (effect.is(setMarks) ? [effect.value] : []));
    if (set.length) return Object.assign({}, marks, ...set) as Marks;
    // Once the code has been edited, nobody knows whether its line would still fail.
    if (!change.docChanged || (marks.error === null && !marks.warned.length)) return marks;
    return { ...marks, error: null, warned: marks.warned.map((at) => change.changes.mapPos(at)) };
  },
});

class Caret extends WidgetType {
  override eq(): boolean {
    return true;
  }
  toDOM(): HTMLElement {
    const caret = document.createElement("span");
    caret.className = "caret block";
    return caret;
  }
}

class LineClass extends GutterMarker {
  constructor(override readonly elementClass: string) {
    super();
  }
}

const caret = Decoration.widget({ widget: new Caret(), side: 1 });
const waiting = Decoration.mark({ class: "cm-waiting" });
const changed = Decoration.line({ class: "cm-changedHere" });
const failed = Decoration.line({ class: "cm-failed" });
const failedNumber = new LineClass("cm-failed");
const warnedNumber = new LineClass("cm-warned");

function decorations(state: EditorState): DecorationSet {
  const { error, arriving } = state.field(field);
  const { doc } = state;
  const found: Range<Decoration>[] = [];
  if (error && error <= doc.lines) found.push(failed.range(doc.line(error).from));
  if (arriving) {
    for (const line of arriving.changed) if (line <= doc.lines) found.push(changed.range(doc.line(line).from));
    const here = Math.min(arriving.arrived, doc.length);
    found.push(caret.range(here));
    if (here < doc.length) found.push(waiting.range(here, doc.length));
  }
  return Decoration.set(found, true);
}

function numbers(state: EditorState): RangeSet<GutterMarker> {
  const { error, warned } = state.field(field);
  const starts = new Set(warned.filter((at) => at <= state.doc.length).map((at) => state.doc.lineAt(at).from));
  const found = [...starts].map((at) => warnedNumber.range(at));
  if (error && error <= state.doc.lines) found.push(failedNumber.range(state.doc.line(error).from));
  return RangeSet.of(found, true);
}

/** Wrapped lines continue below their own indentation; only the lines on the screen are looked at. */
const indentation = ViewPlugin.define((view) => new Indentation(view), { decorations: (it) => it.decorations });

class Indentation {
  decorations: DecorationSet;
  constructor(view: EditorView) {
    this.decorations = Indentation.of(view);
  }
  update(update: ViewUpdate): void {
    if (update.docChanged || update.viewportChanged) this.decorations = Indentation.of(update.view);
  }
  private static of(view: EditorView): DecorationSet {
    const found: Range<Decoration>[] = [];
    for (const { from, to } of view.visibleRanges) {
      for (let at = from; at <= to; ) {
        const line = view.state.doc.lineAt(at);
        const columns = hanging(line.text);
        if (columns) found.push(indented(columns).range(line.from));
        at = line.to + 1;
      }
    }
    return Decoration.set(found);
  }
}

const made = new Map<number, Decoration>();
function indented(columns: number): Decoration {
  const known = made.get(columns) ?? Decoration.line({ attributes: { style: `--in: ${columns}` } });
  made.set(columns, known);
  return known;
}

export const marks: Extension = [
  field,
  EditorView.decorations.compute([field, "doc"], decorations),
  gutterLineClass.compute([field, "doc"], numbers),
  indentation,
];
