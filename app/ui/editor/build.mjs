// Bundles the page's script and style sheet into app/ui/static/built/.
import { build, transform } from "esbuild";
import { mkdir, writeFile } from "node:fs/promises";

const OUT = "../static/built";
const BROWSERS = ["chrome117", "firefox121", "safari17"];
const common = { bundle: true, minify: true, legalComments: "linked", logLevel: "warning" };

await mkdir(OUT, { recursive: true });
await build({
  ...common,
  entryPoints: ["src/playground.tsx"],
  outdir: OUT,
  format: "iife",
  target: "es2022",
  jsx: "automatic",
  jsxImportSource: "preact",
});
await writeFile(`${OUT}/playground.css`, await styles());

/**
 * Gradio resets buttons, fields and headings inside its container by rules that outweigh a single class. So every rule of
 * ours is put under the component's id (nested, then written out), all by the same weight; key frames cannot be nested.
 */
async function styles() {
  const bundled = await build({ ...common, entryPoints: ["src/playground.css"], write: false, outdir: OUT });
  const frames = [];
  const rules = bundled.outputFiles
    .find((file) => file.path.endsWith(".css"))
    .text.replace(/@keyframes [^{]+\{(?:[^{}]*\{[^{}]*\})*\s*\}/g, (found) => (frames.push(found), ""));
  const nested = await transform(`#playground{${rules}}`, { loader: "css", minify: true, target: BROWSERS });
  return nested.code + frames.join("");
}
