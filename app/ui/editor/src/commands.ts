// What can be done with a cell by one word; the server knows what the turns among them mean (app/session/commands.py).
export interface Command {
  word: string; // as it is typed
  label: string; // in a menu
  hint: string; // what becomes of it
  needs?: string; // what must be typed behind it
}

/** Not a turn: the tests that come of it stand under the cell until somebody pins them. */
export const TESTS = "/tests";

export const COMMANDS: readonly Command[] = [
  { word: "/explain", label: "Explain", hint: "in words, in the thread" },
  { word: "/document", label: "Add docstring and types", hint: "a new version" },
  { word: TESTS, label: "Generate tests", hint: "proposed under the cell" },
  { word: "/simplify", label: "Simplify", hint: "a new version" },
  { word: "/translate", label: "Translate to …", hint: "shown in the thread, not run", needs: "a language" },
];

/** The commands that what was typed may become; none once something stands behind the word. */
export function suggested(text: string): readonly Command[] {
  if (!/^\/[a-z]*$/.test(text)) return [];
  return COMMANDS.filter(({ word }) => word.startsWith(text) && word !== text);
}
