import { TokenryError } from "../errors/error.ts";
import { after, type Place, type Revocation, revocationOf } from "./chain.ts";
import { download } from "./download.ts";
import { FreshnessState } from "./freshness.ts";
import type { KeySet } from "./keys.ts";
import { Revocations } from "./revocations.ts";
import { events } from "./sse.ts";
import { verifyGenuine } from "./token.ts";

/** The issuer's revocation feed: a snapshot, then events, all of it under the issuer's signature. */
export class Feed {
  readonly revocations = new Revocations();
  readonly freshness = new FreshnessState();
  readonly #url: string;
  readonly #headers: Record<string, string>;
  readonly #keys: KeySet;
  readonly #issuer: string;
  readonly #stop = new AbortController();
  #place: Place | undefined;
  #at = 0;
  /** What last went wrong, and has not gone right since. */
  error: unknown;

  constructor(issuer: string, keys: KeySet, token: string | undefined, url = `${issuer}/v1/revocations`) {
    this.#url = url;
    this.#headers = token ? { Authorization: `Bearer ${token}` } : {};
    this.#issuer = issuer;
    this.#keys = keys;
    void this.#run();
  }

  close(): void {
    this.#stop.abort();
  }

  async #run(): Promise<void> {
    for (let failures = 0; !this.#stop.signal.aborted; ) {
      try {
        this.#place ??= await this.#load();
        failures = 0;
        await this.#follow();
      } catch (error) {
        if (this.#stop.signal.aborted) return;
        this.error = error;
        // Whatever was not as it should be: the snapshot tells where the feed stands.
        this.#place = undefined;
        failures += 1;
      }
      await pause(Math.min(10_000, 250 * 2 ** failures) * (0.5 + Math.random() / 2), this.#stop.signal);
    }
  }

  /** Loads all entries. Those that were held stay: a server that lost commits must not bring tokens back to life. */
  async #load(): Promise<Place> {
    const snapshot = JSON.parse(await download(this.#url, this.#headers, MOST_BYTES));
    const statement = await this.#statement(snapshot?.heartbeat);
    if (!statement.base || !Array.isArray(snapshot.entries)) throw new TokenryError("bad_answer", "the snapshot is malformed");
    const entries: Revocation[] = snapshot.entries.map(revocationOf);
    const base: Place = { seq: 0, tag: String(snapshot.tag), digest: statement.base };
    const place = entries.reduce(after, base);
    // The snapshot may have no entry left of those that its place counts.
    const reached = entries.length > 0 ? place : { ...place, seq: statement.seq };
    this.#compare(reached, statement);
    this.#apply(entries);
    this.freshness.load();
    this.freshness.hear(statement.at);
    this.#at = statement.at;
    return reached;
  }

  /** Follows the events of one connection. An entry takes effect when a signed statement covers it. */
  async #follow(): Promise<void> {
    const { seq, tag } = this.#place as Place;
    const position = /^[0-9a-f]{16}$/.test(tag) ? `${seq}-${tag}` : `${seq}`;
    const silence = new AbortController();
    const signal = AbortSignal.any([this.#stop.signal, silence.signal]);
    let timer = setTimeout(() => silence.abort(), SILENCE);
    try {
      const headers = { ...this.#headers, Accept: "text/event-stream" };
      const response = await fetch(`${this.#url}?after=${position}`, { headers, redirect: "error", signal });
      if (!response.ok || !response.body) throw new TokenryError("bad_answer", `the feed answered ${response.status}`);
      let ahead = this.#place as Place;
      let pending: Revocation[] = [];
      for await (const { name, data } of events(response.body)) {
        clearTimeout(timer);
        timer = setTimeout(() => silence.abort(), SILENCE);
        if (name === "reset") throw new TokenryError("bad_answer", "the feed asked for the snapshot to be loaded again");
        if (name === "revocation") {
          const entry = revocationOf(JSON.parse(data));
          ahead = after(ahead, entry);
          if (pending.push(entry) > MOST_PENDING) throw new TokenryError("bad_answer", "the feed states nothing");
        } else if (name === "heartbeat") {
          const statement = await this.#statement(data);
          if (statement.at < this.#at) throw new TokenryError("bad_answer", "an older statement came again");
          this.#compare(ahead, statement);
          this.#apply(pending);
          pending = [];
          this.#place = ahead;
          this.#at = statement.at;
          this.freshness.hear(statement.at);
          this.error = undefined;
        }
      }
    } finally {
      clearTimeout(timer);
    }
  }

  #apply(entries: readonly Revocation[]): void {
    const now = Date.now() / 1000;
    for (const entry of entries) this.revocations.add(entry, now);
  }

  #compare(place: Place, statement: Statement): void {
    if (place.seq !== statement.seq || !place.digest.equals(statement.digest)) {
      throw new TokenryError("bad_answer", "entries are missing, added or altered");
    }
  }

  async #statement(text: unknown): Promise<Statement> {
    const { claims, kid } = await verifyGenuine(String(text), "revocations+jwt", this.#keys, this.#issuer);
    if (this.revocations.isKeyRevoked(kid)) throw new TokenryError("bad_answer", "a statement is signed with a revoked key");
    const { iat, seq, digest, base } = claims;
    const [newest, first] = [digest, base].map((text) => (typeof text === "string" ? Buffer.from(text, "base64url") : undefined));
    if (typeof iat !== "number" || !Number.isSafeInteger(seq) || newest?.length !== 32 || (first && first.length !== 32)) {
      throw new TokenryError("bad_answer", "a statement is malformed");
    }
    return { at: iat, seq: seq as number, digest: newest, base: first };
  }
}

/** What the issuer signed about its feed. */
interface Statement {
  at: number;
  seq: number;
  digest: Buffer;
  base: Buffer | undefined;
}

function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    timer.unref();
    signal.addEventListener("abort", () => (clearTimeout(timer), resolve()), { once: true });
  });
}

/** A feed that says nothing for so long is dead, in milliseconds. */
const SILENCE = 10_000;
const MOST_BYTES = 256_000_000;
const MOST_PENDING = 100_000;
