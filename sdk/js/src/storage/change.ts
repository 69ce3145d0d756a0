import { randomKey } from "../lib/random.ts";
import { type Entry, entryOf, type Key, type Storage, type Stored } from "./storage.ts";

/** Decides on what is stored: the result and, where something is to be written, what; `null` removes it. */
export type Change<T> = (stored: Stored | null) => [result: T, next?: Stored | null];

/** The storage's calls, over one that carries out a change in one atomic step. */
export function byChanges(update: <T>(change: Change<T>) => Promise<T>): Required<Omit<Storage, "shared">> {
  return {
    read: () => update<Entry | null>((stored) => [stored && stored.entry]),
    swap: (expected, next) =>
      update<boolean>((stored) =>
        (stored?.entry.refresh_token ?? null) === expected ? [true, next && { entry: next }] : [false],
      ),
    key: (token) =>
      update<Key | null>((stored) => {
        if (stored?.entry.refresh_token !== token) return [null];
        if (stored.key) return [{ key: stored.key, made: false }];
        const key = randomKey();
        return key ? [{ key, made: true }, { ...stored, key }] : [null];
      }),
  };
}

/** What was read, unless something else wrote it. */
export function storedOf(value: unknown): Stored | null {
  return entryOf(value) && (value as Stored);
}
