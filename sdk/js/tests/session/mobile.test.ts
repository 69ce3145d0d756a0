import { readFileSync } from "node:fs";
import { expect, test, vi } from "vitest";
import { PASSWORD, Server } from "../lib/server.ts";
import type { Auth } from "../../src/index.ts";
import * as tokenry from "../../src/index.ts";

// A phone's secure storage, which only a phone has.
const items = new Map<string, string>();
const SecureStore = {
  getItemAsync: async (name: string) => items.get(name) ?? null,
  setItemAsync: async (name: string, text: string) => void items.set(name, text),
  deleteItemAsync: async (name: string) => void items.delete(name),
};

/** The example as it lies there, with what its imports would bring. */
function start(url: string): Auth {
  const source = readFileSync(new URL("../../../../examples/mobile/auth.js", import.meta.url), "utf8");
  const body = source.replace(/^import .*$/gm, "").replace("export const auth =", "return").replace("http://127.0.0.1:7519", url);
  return new Function("SecureStore", "textStorage", "tokenry", body)(SecureStore, tokenry.textStorage, tokenry.tokenry) as Auth;
}

test("the app of the example keeps its session in secure storage, over a restart and until it logs out", async () => {
  const server = await Server.start({ TOKENRY_TOKEN__ACCESS_TTL: "4s" });
  try {
    const first = start(server.url);
    await first.signup({ username: "phone", password: PASSWORD });
    expect(items.get("session")).toContain("refresh_token");
    // What secure storage has been known to take in one item.
    expect(items.get("session")?.length).toBeLessThan(2048);
    first.close();
    const second = start(server.url);
    expect((await second.ready())?.username).toBe("phone");
    const before = items.get("session");
    await vi.waitUntil(() => items.get("session") !== before, { timeout: 15_000 });
    expect((await second.fetch(`${server.url}/v1/me`)).status).toBe(200);
    await second.logout();
    expect(items.has("session")).toBe(false);
    second.close();
  } finally {
    await server.stop();
  }
}, 60_000);
