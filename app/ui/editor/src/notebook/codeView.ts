// One editor. It knows nothing of cells or servers: text goes in and out, and a version on its way can be shown in it.
import { closeBrackets, closeBracketsKeymap } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyField, historyKeymap, indentWithTab, isolateHistory } from "@codemirror/commands";
import { pythonLanguage } from "@codemirror/lang-python";
import { bracketMatching, indentOnInput, indentUnit, syntaxHighlighting } from "@codemirror/language";
import { Annotation, Compartment, EditorState, type Extension, Transaction, type TransactionSpec } from "@codemirror/state";
import { EditorView, highlightActiveLine, highlightActiveLineGutter, highlightSpecialChars, keymap, lineNumbers, placeholder } from "@codemirror/view"; // prettier-ignore
import { highlighter } from "./highlight";
import { normal, overlay, replacement } from "./lines";
import { marks, setMarks } from "./marks";

const remote = Annotation.define<boolean>();

interface Options {
  parent: HTMLElement;
  source: string;
  drawn: unknown; // what `drawn()` of an earlier editor of the same text returned, or null
  onType: (source: string) => void;
}

export class CodeView {
  readonly view: EditorView;
  private readonly label = new Compartment();
  private readonly access = new Compartment();
  private readonly empty = new Compartment();

  constructor({ parent, source, drawn, onType }: Options) {
    const typed = EditorView.updateListener.of((update) => {
      const ours = update.transactions.every((change) => change.annotation(remote));
      if (update.docChanged && !ours) onType(update.state.doc.toString());
    });
    const extensions = [BASE, marks, typed, this.label.of([]), this.access.of([]), this.empty.of([])];
    this.view = new EditorView({ state: restored(drawn, source, extensions), parent });
  }

  get text(): string {
    return this.view.state.doc.toString();
  }

  get hidden(): boolean {
    return this.view.dom.offsetParent === null;
  }

  /** Cursor and undo history, for the editor that shows this text next. */
  drawn(): unknown {
    return this.view.state.toJSON({ history: historyField });
  }

  /** Makes the text what it is to be by the smallest change, so that cursor, selection and scroll stay where they are. */
  show(source: string, undoable: boolean): void {
    const change = replacement(this.text, source);
    if (!change) return;
    this.change({ changes: change, annotations: [Transaction.addToHistory.of(undoable), isolateHistory.of("full")] });
  }

  /** Shows a version on its way over the one it replaces; nothing can be typed meanwhile. */
  showArriving(arrived: string, before: string | null): void {
    const { text, ...arriving } = overlay(normal(arrived), before === null ? null : normal(before));
    this.change({
      changes: replacement(this.text, text) ?? [],
      effects: [this.access.reconfigure(READ_ONLY), setMarks.of({ arriving, error: null })],
      annotations: Transaction.addToHistory.of(false),
    });
  }

  /** The version has arrived, or what came of it: `source` is the text from now on. */
  endArriving(source: string): void {
    this.change({
      changes: replacement(this.text, source) ?? [],
      effects: [this.access.reconfigure([]), setMarks.of({ arriving: null })],
      annotations: Transaction.addToHistory.of(false),
    });
  }

  markError(line: number | null): void {
    this.view.dispatch({ effects: setMarks.of({ error: line }) });
  }

  /** Marks the lines that the audit warns of. */
  markWarned(lines: number[]): void {
    const { doc } = this.view.state;
    const warned = lines.filter((line) => line <= doc.lines).map((line) => doc.line(line).from);
    this.view.dispatch({ effects: setMarks.of({ warned }) });
  }

  name(label: string): void {
    const attributes = EditorView.contentAttributes.of({ "aria-label": label });
    this.view.dispatch({ effects: this.label.reconfigure(attributes) });
  }

  /** What is shown while there is no text. */
  hint(words: string): void {
    this.view.dispatch({ effects: this.empty.reconfigure(placeholder(words)) });
  }

  /** Puts the cursor at the start of a line, from 1, and scrolls there. */
  goTo(line: number): void {
    const { doc } = this.view.state;
    const at = doc.line(Math.max(1, Math.min(line, doc.lines))).from;
    this.view.dispatch({ selection: { anchor: at }, effects: EditorView.scrollIntoView(at, { y: "center" }) });
    this.view.focus();
  }

  focus(): void {
    this.view.focus();
  }

  destroy(): void {
    this.view.destroy();
  }

  private change(spec: TransactionSpec): void {
    this.view.dispatch({ ...spec, annotations: [remote.of(true), ...[spec.annotations ?? []].flat()] });
  }
}

function restored(drawn: unknown, source: string, extensions: Extension): EditorState {
  if (!drawn) return EditorState.create({ doc: source, extensions });
  const state = EditorState.fromJSON(drawn, { extensions }, { history: historyField });
  const change = replacement(state.doc.toString(), source);
  if (!change) return state;
  return state.update({ changes: change, annotations: [Transaction.addToHistory.of(false), remote.of(true)] }).state;
}

// A read-only text can still be focused, selected and copied.
const READ_ONLY = [EditorState.readOnly.of(true), EditorView.editorAttributes.of({ class: "cm-arriving" })];

const BASE: Extension = [
  lineNumbers(),
  highlightActiveLine(),
  highlightActiveLineGutter(),
  highlightSpecialChars({ addSpecialChars: /[\u202a-\u202c\u2068]/g }), // all that would reorder the text on the screen
  history(),
  pythonLanguage, // without its completions: a popup would take Enter and the arrows
  syntaxHighlighting(highlighter),
  indentUnit.of("    "),
  EditorState.tabSize.of(4),
  indentOnInput(),
  bracketMatching(),
  closeBrackets(),
  EditorView.lineWrapping,
  EditorView.contentAttributes.of({ dir: "ltr" }),
  keymap.of([...closeBracketsKeymap, ...defaultKeymap, ...historyKeymap, indentWithTab]),
];
