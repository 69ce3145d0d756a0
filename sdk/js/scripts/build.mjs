// One file for each entry, so that a page loads one; the types beside them.
import { execFileSync } from "node:child_process";
import { rmSync } from "node:fs";
import { build } from "esbuild";

process.chdir(new URL("..", import.meta.url).pathname);
rmSync("dist", { recursive: true, force: true });
const shared = { bundle: true, format: "esm", target: "es2022", outdir: "dist", logLevel: "warning" };
await build({ ...shared, entryPoints: ["src/index.ts", "src/links.ts"], minify: true, sourcemap: "external" });
if (process.argv[2] !== "core") {
  await build({ ...shared, entryPoints: ["src/verify.ts"], platform: "node", packages: "external" });
  execFileSync("npx", ["--no-install", "tsc", "-p", "tsconfig.build.json"], { stdio: "inherit" });
}
