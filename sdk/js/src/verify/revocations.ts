import type { Revocation } from "./chain.ts";
import type { Claims } from "./claims.ts";

/** The revocations that a token may still match. */
export class Revocations {
  readonly #entries = new Map<string, { before: number; until: number }>();
  #sweepAt = 1024;

  add({ kind, value, before = Infinity, until }: Revocation, now: number): void {
    if (until <= now) return;
    const name = `${kind}:${value}`;
    const held = this.#entries.get(name);
    // The later of the times hold.
    this.#entries.set(name, { before: Math.max(before, held?.before ?? 0), until: Math.max(until, held?.until ?? 0) });
    if (this.#entries.size < this.#sweepAt) return;
    for (const [old, entry] of this.#entries) if (entry.until <= now) this.#entries.delete(old);
    this.#sweepAt = Math.max(1024, this.#entries.size * 2);
  }

  matches({ sid, sub, jti, iat }: Claims, kid: string | undefined): boolean {
    const names = [sid && `sid:${sid}`, jti && `jti:${jti}`, kid && `kid:${kid}`, `sub:${sub}`];
    return names.some((name) => {
      const entry = name ? this.#entries.get(name) : undefined;
      // A token that does not say when it was issued may be an old one.
      return entry !== undefined && Math.floor(iat ?? 0) <= entry.before;
    });
  }

  isKeyRevoked(kid: string | undefined): boolean {
    return kid !== undefined && this.#entries.has(`kid:${kid}`);
  }

  get size(): number {
    return this.#entries.size;
  }
}
