import { importJWK, type CryptoKey, type JWK } from "jose";
import { TokenryError } from "../errors/error.ts";
import { download } from "./download.ts";
import { invalid, RefusedError } from "./refused.ts";

/** A key, and the names of its one algorithm. */
export interface VerifyingKey {
  key: CryptoKey | Uint8Array;
  names: string[];
  kid: string | undefined;
}

/** The keys a verifier looks up in. */
export interface KeySet {
  /** The one key that must have signed a token with this header. */
  find(alg: string, kid: string | undefined): Promise<VerifyingKey>;
}

/** The keys of a JWK set (RFC 7517 section 5); those that can't verify here are left out. */
export async function keysOf(set: unknown): Promise<VerifyingKey[]> {
  const keys = (set as { keys?: unknown } | null)?.keys;
  if (!Array.isArray(keys) || keys.length > MOST_KEYS) throw new TokenryError("bad_answer", "not a JWK set");
  const found: VerifyingKey[] = [];
  for (const jwk of keys as JWK[]) {
    const alg = algorithmOf(jwk);
    if (!alg || (jwk.use && jwk.use !== "sig") || (jwk.key_ops && !jwk.key_ops.includes("verify"))) continue;
    // Of two keys with one name the first stays.
    if (found.some((key) => key.kid !== undefined && key.kid === jwk.kid)) continue;
    const key = await importJWK({ ...jwk, alg }, alg).catch(() => null);
    if (key) found.push({ key: key as CryptoKey, names: alg === "Ed25519" ? ["Ed25519", "EdDSA"] : [alg], kid: jwk.kid });
  }
  return found;
}

/** Looks up as the Rust verifier does: by name, or the only key of the algorithm. */
export function lookup(keys: readonly VerifyingKey[], alg: string, kid: string | undefined): VerifyingKey {
  if (!ALGORITHMS.includes(alg)) throw invalid("algorithm", "no such algorithm");
  const [only] = keys;
  const fitting = keys.filter((key) => (kid === undefined ? key.names.includes(alg) : key.kid === kid));
  const key = kid !== undefined && keys.length === 1 && only?.kid === undefined ? only : fitting.length === 1 ? fitting[0] : undefined;
  if (!key) throw invalid("unknown_key", "no such key");
  if (!key.names.includes(alg)) throw invalid("algorithm", "not this key's algorithm");
  return key;
}

/** An issuer's published keys, fetched when needed and kept for some minutes. */
export class IssuerKeys implements KeySet {
  #keys: VerifyingKey[] = [];
  #fetched = -Infinity;
  #asked = -Infinity;
  #fetching: Promise<void> | undefined;
  readonly #url: string;

  constructor(issuer: string) {
    this.#url = `${issuer}/.well-known/jwks.json`;
  }

  async find(alg: string, kid: string | undefined): Promise<VerifyingKey> {
    if (performance.now() - this.#fetched > KEPT) {
      const fetching = this.fetch();
      // Old keys are good keys while new ones are on their way.
      if (this.#keys.length === 0) await fetching;
    }
    try {
      return lookup(this.#keys, alg, kid);
    } catch (error) {
      if ((error as RefusedError).detail !== "unknown_key") throw error;
    }
    // A key that was rotated in by an emergency. Forged names must not become requests.
    await this.fetch();
    if (this.#keys.length === 0) throw new RefusedError("unavailable", "no_keys", "the issuer's keys can't be had");
    return lookup(this.#keys, alg, kid);
  }

  /** Fetches, unless that was tried a moment ago. Failing leaves the keys as they are. */
  fetch(): Promise<void> {
    if (!this.#fetching && performance.now() - this.#asked < COOLDOWN) return Promise.resolve();
    this.#fetching ??= this.#fetch().finally(() => (this.#fetching = undefined));
    return this.#fetching;
  }

  async #fetch(): Promise<void> {
    this.#asked = performance.now();
    try {
      this.#keys = await keysOf(JSON.parse(await download(this.#url, {}, MOST_BYTES)));
      this.#fetched = performance.now();
    } catch {
      // Asked again after the cooldown.
    }
  }
}

function algorithmOf({ alg, kty, crv }: JWK): string | undefined {
  if (crv === "Ed25519") return alg === undefined || alg === "EdDSA" || alg === "Ed25519" ? "Ed25519" : undefined;
  const byCurve = { "P-256": "ES256", "P-384": "ES384" }[crv ?? ""];
  if (kty === "EC") return alg === undefined || alg === byCurve ? byCurve : undefined;
  // A symmetric key is not a public key.
  return alg && ALGORITHMS.includes(alg) && !alg.startsWith("HS") && kty !== "oct" ? alg : undefined;
}

const ALGORITHMS = [
  ...["EdDSA", "Ed25519", "ES256", "ES384", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512"],
  ...["HS256", "HS384", "HS512", "ML-DSA-44", "ML-DSA-65", "ML-DSA-87"],
];
/** Shorter than the hour for which keys are published before they sign, in milliseconds. */
const KEPT = 300_000;
const COOLDOWN = 10_000;
const MOST_KEYS = 100;
const MOST_BYTES = 1_000_000;
