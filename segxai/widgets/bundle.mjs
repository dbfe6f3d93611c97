// Bundles the widgets' modules into what is shipped. Run by `make bundles`; an argument names another folder than segxai/.

import { build } from "esbuild";
import { existsSync, readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import path from "node:path";

const here = path.dirname(fileURLToPath(import.meta.url));
const root = path.resolve(process.argv[2] ?? path.dirname(here));
const common = { bundle: true, minify: true, charset: "utf8", target: "es2022", legalComments: "none" };
// A widget is a folder with an index.js.
const widgets = readdirSync(here).filter((name) => existsSync(path.join(here, name, "index.js")));

await build({
  ...common, format: "esm", outdir: path.join(root, "widgets", "bundles"),
  entryPoints: widgets.map((name) => ({ in: path.join(here, name, "index.js"), out: name })),
});
// What a page without kernel runs is no module: its script is part of the page, and needs no export.
await build({
  ...common, format: "iife", outdir: path.join(root, "report", "bundles"),
  entryPoints: [{ in: path.join(here, "page", "page.js"), out: "page" }, { in: path.join(here, "page", "page.css"), out: "page" }],
});
