import type { User } from "../session/user.ts";

/** What is kept of a session: the pair, and what is needed to know its age. Plain JSON. */
export interface Entry {
  access_token: string;
  refresh_token: string;
  session_id: string;
  /** Seconds that the access token lives from `server_time` on. */
  expires_in: number;
  /** The server's clock when it answered, in seconds since 1970. */
  server_time: number;
  /** The local clock when the answer was asked for, in milliseconds since 1970. */
  local_time: number;
  user: User | null;
}

/**
 * Where a session is kept. All pages and processes that share it must see the same.
 *
 * `swap` is a compare-and-set: two at once must not both succeed. Writes have to be durable when their promise resolves.
 */
export interface Storage {
  /** What is kept, if anything. */
  read(): Promise<Entry | null>;
  /** Keeps `next` if what is kept has the refresh token `expected` (`null`: if nothing is kept). Whether it did. Drops the key. */
  swap(expected: string | null, next: Entry | null): Promise<boolean>;
  /**
   * The one `Idempotency-Key` of the kept token, made by the first call in one atomic step; `null` if another token is
   * kept. Leave it out where that can't be done: a session without keys is safe, one with two keys is ended as stolen.
   */
  key?(refreshToken: string): Promise<Key | null>;
  /** Whether other pages of this origin see it too. */
  readonly shared?: boolean;
}

/** An `Idempotency-Key`, and whether this call made it. */
export interface Key {
  key: string;
  made: boolean;
}

/** What a storage holds: the session and, from the first attempt to renew it on, its key. */
export interface Stored {
  entry: Entry;
  key?: string;
}

/** The entry in what was read, unless something else wrote it. */
export function entryOf(stored: unknown): Entry | null {
  const entry = (stored as Partial<Stored> | null | undefined)?.entry as Entry | undefined;
  const texts = [entry?.access_token, entry?.refresh_token, entry?.session_id];
  const numbers = [entry?.expires_in, entry?.server_time, entry?.local_time];
  const whole = texts.every((text) => typeof text === "string") && numbers.every(Number.isFinite);
  return whole ? (entry as Entry) : null;
}
