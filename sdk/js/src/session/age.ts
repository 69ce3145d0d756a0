import type { Entry } from "../storage/storage.ts";

/** How old a pair is, by two clocks: one that nobody sets, and one that goes on while the device sleeps. */
export interface Age {
  /** Milliseconds since the pair was asked for; at least 0. */
  elapsed(): number;
  /** Milliseconds until the access token ends. */
  left(): number;
}

/** Starts to measure. After a reload only the local clock knows how long ago the pair came. */
export function ageOf(entry: Entry): Age {
  const skew = entry.local_time - entry.server_time * 1000;
  const byServer = () => Date.now() - skew - entry.server_time * 1000;
  // Before its own beginning: the clock was set back. The token may be alive, and a 401 tells otherwise.
  const known = Math.max(0, byServer());
  const started = performance.now();
  const elapsed = () => Math.max(known + performance.now() - started, byServer());
  return { elapsed, left: () => life(entry) - elapsed() };
}

/** When to renew, in milliseconds from the pair's beginning: at random over some minutes that end before expiry. */
export function renewalTime(entry: Entry): number {
  const whole = life(entry);
  const margin = Math.min(60_000, whole * 0.1);
  const spread = Math.min(300_000, whole * 0.2);
  return whole - margin - Math.random() * spread;
}

/** How long to wait after the nth failure in a row: doubled each time, up to a minute, less a random half. */
export function backoff(failures: number): number {
  return Math.min(60_000, 1000 * 2 ** (failures - 1)) * (1 - Math.random() / 2);
}

/** How long the access token lives for certain, in milliseconds: the wire has whole seconds, and the first is not whole. */
function life({ expires_in }: Entry): number {
  return Math.max(expires_in - 1, expires_in / 2) * 1000;
}
