import { defineConfig } from "vitest/config";

const here = (path: string) => new URL(path, import.meta.url).pathname;

export default defineConfig({
  // What an example imports is this package, from its sources, and the packages installed here.
  resolve: {
    alias: { "tokenry/links": here("src/links.ts"), "tokenry/verify": here("src/verify.ts"), express: here("node_modules/express"), jose: here("node_modules/jose") },
  },
  test: { include: ["tests/**/*.test.ts"], testTimeout: 30_000, hookTimeout: 60_000, maxWorkers: 2 },
});
