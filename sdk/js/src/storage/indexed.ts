import { byChanges, type Change, storedOf } from "./change.ts";
import type { Storage } from "./storage.ts";

/** Keeps the session in IndexedDB, whose transactions are atomic for all tabs. `name` tells sessions of one origin apart. */
export function indexedStorage(name: string): Storage {
  return { ...byChanges((change) => transaction(name, change)), shared: true };
}

/**
 * Resolves when the transaction is on disk: a key that was sent and then lost in a power cut would look like a theft.
 * A connection for each, because one kept open blocks the user's clearing of site data and another version's upgrade.
 */
async function transaction<T>(name: string, change: Change<T>): Promise<T> {
  const database = await open();
  try {
    return await new Promise<T>((resolve, reject) => {
      const running = database.transaction(STORE, "readwrite", { durability: "strict" });
      const store = running.objectStore(STORE);
      let result: T;
      running.oncomplete = () => resolve(result);
      running.onabort = () => reject(running.error);
      const reading = store.get(name);
      reading.onsuccess = () => {
        const [outcome, next] = change(storedOf(reading.result));
        result = outcome;
        if (next) store.put(next, name);
        else if (next === null) store.delete(name);
      };
    });
  } finally {
    database.close();
  }
}

/** Without a version: a database that a later version of this package made is used as it is. */
function open(): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const opening = indexedDB.open("tokenry");
    opening.onupgradeneeded = () => opening.result.createObjectStore(STORE);
    opening.onsuccess = () => resolve(opening.result);
    opening.onerror = () => reject(opening.error);
    // Another tab upgrades and is not done. Waiting would hold up the page for as long as that tab likes.
    opening.onblocked = () => reject(new Error("the database is being upgraded"));
  });
}

const STORE = "sessions";
