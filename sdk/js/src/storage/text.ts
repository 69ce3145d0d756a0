import { randomKey } from "../lib/random.ts";
import { byChanges, type Change, storedOf } from "./change.ts";
import type { Storage, Stored } from "./storage.ts";

/** A place for one text: an item of secure storage on a phone, a file, a row. */
export interface TextPlace {
  get(): Promise<string | null | undefined> | string | null | undefined;
  /** `null` removes it. */
  set(text: string | null): Promise<void> | void;
}

/** Keeps the session as one text in a place that this process alone uses. `set` must be durable when it returns. */
export function textStorage(place: TextPlace): Storage {
  const { read, swap, key } = inTurn(place);
  return randomKey() ? { read, swap, key } : { read, swap };
}

/** Keeps the session in this page alone; it is gone after a reload. */
export function memoryStorage(): Storage {
  let kept: string | null = null;
  return textStorage({ get: () => kept, set: (text) => void (kept = text) });
}

/** Keeps the session in `localStorage`. No atomic step reaches across tabs there, so that it has no keys. */
export function webStorage(name = "tokenry"): Storage {
  const { read, swap } = inTurn({
    get: () => localStorage.getItem(name),
    set: (text) => (text === null ? localStorage.removeItem(name) : localStorage.setItem(name, text)),
  });
  return { read, swap, shared: true };
}

/** One step after the other. */
function inTurn(place: TextPlace) {
  let last: Promise<unknown> = Promise.resolve();
  return byChanges(<T>(change: Change<T>): Promise<T> => {
    const step = last.then(async () => {
      const [result, next] = change(parse(await place.get()));
      if (next !== undefined) await place.set(next && JSON.stringify(next));
      return result;
    });
    last = step.catch(() => {});
    return step;
  });
}

function parse(text: string | null | undefined): Stored | null {
  try {
    return storedOf(JSON.parse(text ?? "null"));
  } catch {
    return null;
  }
}
