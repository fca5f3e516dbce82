// Python in colour: as classes, so that the theme decides about colours, in the editor and in code that is only read.
import { pythonLanguage } from "@codemirror/lang-python";
import { highlightCode, tagHighlighter, tags } from "@lezer/highlight";
import type { ComponentChildren } from "preact";

export const highlighter = tagHighlighter([
  { tag: [tags.keyword, tags.bool, tags.null, tags.self], class: "py-keyword" },
  { tag: [tags.operatorKeyword, tags.controlKeyword, tags.moduleKeyword, tags.definitionKeyword], class: "py-keyword" },
  { tag: [tags.string, tags.special(tags.string), tags.escape], class: "py-string" },
  { tag: tags.number, class: "py-number" },
  { tag: [tags.comment, tags.lineComment], class: "py-comment" },
  { tag: [tags.definition(tags.className), tags.function(tags.definition(tags.variableName))], class: "py-defined" },
]);

/** Source as one list of coloured pieces a line. */
export function coloured(source: string): ComponentChildren[][] {
  const lines: ComponentChildren[][] = [[]];
  highlightCode(
    source,
    pythonLanguage.parser.parse(source),
    highlighter,
    (text, classes) => lines.at(-1)!.push(classes ? <span class={classes}>{text}</span> : text),
    () => lines.push([]),
  );
  return lines;
}

/** How far the wrapped rest of a line is set in, in columns: its own indentation and one step more. */
export function hanging(line: string): number {
  const space = /^[ \t]*/.exec(line)![0];
  const columns = [...space].reduce((n, char) => (char === "\t" ? n + 4 - (n % 4) : n + 1), 0);
  return line.length > space.length ? Math.min(columns + 4, 40) : 0;
}
