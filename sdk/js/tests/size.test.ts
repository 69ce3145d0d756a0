import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";

const here = (path: string) => new URL(`../${path}`, import.meta.url);

test("the core is one file of at most 6 KB gzip that imports nothing", () => {
  const core = readFileSync(here("dist/index.js"));
  expect(core.toString()).not.toMatch(/\bimport\b\s*[("'{*\w]/);
  expect(gzipSync(core, { level: 9 }).length).toBeLessThanOrEqual(6144);
});

test("links are a file beside it, of at most 2 KB gzip", () => {
  const links = readFileSync(here("dist/links.js"));
  expect(links.toString()).not.toMatch(/\bimport\b\s*[("'{*\w]/);
  expect(gzipSync(links, { level: 9 }).length).toBeLessThanOrEqual(2048);
});

test("nothing is needed at run time, and jose by the verifier alone", () => {
  const manifest = JSON.parse(readFileSync(here("package.json"), "utf8"));
  expect(manifest.dependencies).toBe(undefined);
  expect(Object.keys(manifest.peerDependencies)).toEqual(["jose"]);
  expect(manifest.peerDependenciesMeta.jose.optional).toBe(true);
  const imported = readFileSync(here("dist/verify.js"), "utf8").matchAll(/^import .* from "(.*)";$/gm);
  expect([...imported].map(([, name]) => name).filter((name) => !name?.startsWith("node:"))).toContain("jose");
});

test("the types are beside it", () => {
  expect(readFileSync(here("dist/index.d.ts"), "utf8")).toContain("tokenry");
});
