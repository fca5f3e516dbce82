// Bundles the page's script and style sheet into app/ui/static/built/.
import { build } from "esbuild";

await build({
  entryPoints: ["src/playground.tsx", "src/playground.css"],
  outdir: "../static/built",
  bundle: true,
  minify: true,
  format: "iife",
  target: "es2022",
  jsx: "automatic",
  jsxImportSource: "preact",
  legalComments: "linked",
  logLevel: "warning",
});
