import { TokenryError } from "../errors/error.ts";
import { originOf } from "../lib/origin.ts";
import { indexedStorage } from "../storage/indexed.ts";
import type { Storage } from "../storage/storage.ts";
import { memoryStorage, webStorage } from "../storage/text.ts";

/** How a client works; all of it may be left out. */
export interface Options {
  /** Origins besides the page's own and Tokenry's that `fetch` may send the token to. */
  origins?: readonly string[];
  /** Where the session is kept: IndexedDB where there is one, or else the memory. */
  storage?: "indexeddb" | "localstorage" | "memory" | Storage;
  /** `"cookie"`: an HttpOnly cookie carries the session, and no script ever sees a token. */
  method?: "token" | "cookie";
  /** How long an answer of Tokenry may take, in milliseconds. */
  timeout?: number;
  /** Instead of the global `fetch`. */
  fetch?: typeof globalThis.fetch;
}

/** The options with their defaults. */
export interface Settings {
  base: string;
  origins: ReadonlySet<string>;
  storage: Storage;
  isCookie: boolean;
  timeout: number;
  fetch: typeof globalThis.fetch;
}

export function settings(url: string, options: Options): Settings {
  const base = String(url).replace(/\/+$/, "");
  const page = (globalThis as { location?: { origin?: string } }).location?.origin;
  const origins = [base, page, ...(options.origins ?? [])].filter((origin) => origin && origin !== "null");
  const allowed = new Set(origins.map((origin) => originOf(origin as string) ?? refuse(`not an http(s) address: ${origin}`)));
  const { timeout = 15_000, method = "token" } = options;
  if (!(timeout > 0)) refuse("timeout is a number of milliseconds above 0");
  if (method !== "token" && method !== "cookie") refuse("method is token or cookie");
  const fetch = options.fetch ?? ((...call: Parameters<typeof globalThis.fetch>) => globalThis.fetch(...call));
  return { base, origins: allowed, storage: storage(base, options.storage), isCookie: method === "cookie", timeout, fetch };
}

function storage(base: string, choice: Options["storage"] = isThere() ? "indexeddb" : "memory"): Storage {
  if (typeof choice === "object") return choice;
  if (choice === "indexeddb") return indexedStorage(base);
  if (choice === "localstorage") return webStorage(`tokenry ${base}`);
  return choice === "memory" ? memoryStorage() : refuse("storage is indexeddb, localstorage, memory or an object");
}

function isThere(): boolean {
  try {
    return !!globalThis.indexedDB;
  } catch {
    return false;
  }
}

function refuse(message: string): never {
  throw new TokenryError("invalid_options", message);
}
