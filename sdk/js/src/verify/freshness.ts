/** How well revocations are known: within the lease, once, or never. */
export type Freshness = "fresh" | "stale" | "cold";

/** What happens to a token that is good as far as is known: accepted until its `exp`, or answered with 503. */
export type Policy = "accept" | "refuse";

/** The same bounds as in the Rust guard: a statement counts when made at most `SKEW` from now, and holds for the lease. */
export class FreshnessState {
  #loaded = false;
  #until = -Infinity;

  load(): void {
    this.#loaded = true;
  }

  /** A statement was made at `at` by the issuer's clock, in seconds. */
  hear(at: number): void {
    if (Math.abs(Date.now() / 1000 - at) <= SKEW) this.#until = performance.now() + LEASE;
  }

  get now(): Freshness {
    if (!this.#loaded) return "cold";
    return performance.now() < this.#until ? "fresh" : "stale";
  }
}

/** Seconds. */
const SKEW = 30;
/** Milliseconds. */
const LEASE = 5000;
