import { TokenryError } from "../errors/error.ts";
import { type Api, type Pair, pairOf } from "../lib/api.ts";
import { type Channel, channel, type Message } from "../lib/channel.ts";
import { memoryStorage } from "../storage/text.ts";
import type { Entry, Storage } from "../storage/storage.ts";
import { type Age, ageOf, backoff, renewalTime } from "./age.ts";
import { isDefinitive, reasonOf, sleep } from "./outcome.ts";

/** A session that tokens carry: what is held of it, and its renewal. */
export class Session {
  #entry: Entry | null = null;
  #age: Age | undefined;
  #renewing: Promise<void> | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #failures = 0;
  /** The server asked not to be asked before this moment of the monotonic clock. */
  #notBefore = 0;
  #refusal: TokenryError | undefined;
  /** The token whose key this page has sent. */
  #tried: string | undefined;
  /** Another page said that it renews; it is waited for until then. */
  #theirs = 0;
  #heard: () => void = () => {};
  readonly #channel: Channel;
  readonly #api: Api;
  #storage: Storage;
  readonly #changed: (entry: Entry | null, reason?: string) => void;

  constructor(api: Api, storage: Storage, changed: (entry: Entry | null, reason?: string) => void) {
    this.#api = api;
    this.#storage = storage;
    this.#changed = changed;
    this.#channel = storage.shared
      ? channel(`tokenry ${api.base}`, (message) => this.#hear(message))
      : { post() {}, close() {} };
  }

  get entry(): Entry | null {
    return this.#entry;
  }

  /** Takes over what the storage holds. */
  async load(): Promise<void> {
    const stored = await this.#read();
    if (stored?.refresh_token !== this.#entry?.refresh_token) this.#hold(stored, "logout");
  }

  /** Begins with the pair of a log-in. `asked` is when it was asked for. */
  async begin(pair: Pair, asked: number): Promise<void> {
    const entry = entryFrom(pair, pair.user ?? null, asked);
    try {
      // Whoever logs in last is right; another tab's change in between is read and replaced.
      while (!(await this.#storage.swap((await this.#storage.read())?.refresh_token ?? null, entry)));
    } catch {
      // Full or blocked: the session lives in this page alone.
      this.#storage = memoryStorage();
      await this.#storage.swap(null, entry);
    }
    this.#hold(entry);
    this.#channel.post({ kind: "changed" });
  }

  /** Forgets the session, here and in all pages, as long as the storage holds it. What was forgotten. */
  async end(reason: string): Promise<Entry | null> {
    for (let round = 0; round < ROUNDS; round++) {
      const stored = (await this.#read()) ?? this.#entry;
      if (!stored || (await this.#forget(stored, reason))) return stored;
    }
    return null;
  }

  /** A pair to send now; renewed first if its access token is over. `null` when nobody is logged in. */
  async usable(): Promise<Entry | null> {
    if (this.#age && this.#age.left() <= 0) await this.renew();
    return this.#entry;
  }

  /** A pair whose access token is not `refused`. */
  async replacement(refused: string): Promise<Entry | null> {
    if (this.#entry?.access_token === refused) await this.renew();
    return this.#entry;
  }

  /** Renews; calls at the same time are one. */
  renew(): Promise<void> {
    this.#renewing ??= this.#attempt().finally(() => (this.#renewing = undefined));
    return this.#renewing;
  }

  /** Stops timers and listening. The session stays as it is. */
  close(): void {
    clearTimeout(this.#timer);
    this.#channel.close();
  }

  async #attempt(): Promise<void> {
    if (this.#refusal && this.#notBefore > performance.now()) throw this.#refusal;
    try {
      await this.#renew();
      this.#failures = 0;
    } catch (error) {
      if (!(error instanceof TokenryError) || !this.#entry) throw error;
      this.#failures += 1;
      this.#refusal = error;
      this.#notBefore = performance.now() + (error.retryAfter ?? 0);
      this.#schedule(error.retryAfter ?? backoff(this.#failures));
      throw error;
    }
  }

  async #renew(): Promise<void> {
    const from = this.#entry?.refresh_token;
    let waited = false;
    let stale: string | undefined;
    for (let round = 0; round < ROUNDS; round++) {
      const entry = await this.#newest();
      // Another page may have renewed since this was asked for.
      if (!entry || (entry.refresh_token !== from && this.#isFresh())) return;
      const token = entry.refresh_token;
      const key = await this.#key(token);
      if (key === "replaced") continue;
      const isOthers = key?.made === false && this.#tried !== token;
      if (!waited && (isOthers || this.#theirs > performance.now())) {
        waited = true;
        await this.#otherPage();
        if ((await this.#newest())?.refresh_token !== token) continue;
      }
      this.#tried = token;
      this.#channel.post({ kind: "renewing" });
      const asked = Date.now();
      try {
        const body = { refresh_token: token, access_token: entry.access_token };
        const pair = pairOf(await this.#api.send("/v1/refresh", { body, key: key?.key }));
        if (await this.#keep(token, entryFrom(pair, entry.user, asked))) return;
      } catch (error) {
        const { code, status } = error as TokenryError;
        const isStale = code === "refresh_stale" && status === 409;
        if (!isStale && !isDefinitive(error)) throw error;
        const stored = await this.#read();
        if (stored?.refresh_token !== token) continue;
        if (!isStale) {
          if (!(await this.#forget(entry, reasonOf(error as TokenryError)))) continue;
          throw error;
        }
        if (stale !== token) {
          stale = token;
          await sleep(REPEAT_WINDOW);
        } else if (await this.#endStolen(entry)) {
          throw new TokenryError("session_ended", "another party holds the session", { reason: "reuse", cause: error });
        }
      }
    }
    throw new TokenryError("unavailable", "the session keeps changing in other pages");
  }

  /** What the storage holds, taken over if it is another pair. */
  async #newest(): Promise<Entry | null> {
    const stored = await this.#read();
    const held = this.#entry;
    if (!stored) {
      if (held) this.#hold(null, "storage_cleared");
      return null;
    }
    if (stored.refresh_token !== held?.refresh_token) this.#hold(stored);
    return this.#entry;
  }

  /** Whether the pair that is held was made not long ago. */
  #isFresh(): boolean {
    return !!this.#age && !!this.#entry && this.#age.left() > this.#entry.expires_in * 250;
  }

  async #key(token: string): Promise<{ key: string; made: boolean } | undefined | "replaced"> {
    if (!this.#storage.key) return undefined;
    try {
      return (await this.#storage.key(token)) ?? "replaced";
    } catch (cause) {
      // Without its key the request would pass for a thief's.
      throw new TokenryError("storage_failed", "the storage can't keep the request's key", { cause });
    }
  }

  /** Keeps an answer, if the storage still holds the token that was sent. Whether that is the end of it. */
  async #keep(sent: string, entry: Entry): Promise<boolean> {
    try {
      if (!(await this.#storage.swap(sent, entry))) return false;
    } catch {
      // Full or blocked. The old refresh token stays the session's: asked again, the server gives the same successor.
      entry = { ...entry, refresh_token: sent };
    }
    this.#hold(entry);
    this.#channel.post({ kind: "changed" });
    return true;
  }

  /** Whether the session is gone: not if the storage got another one meanwhile. */
  async #forget(entry: Entry, reason: string): Promise<boolean> {
    // A storage that refuses keeps a session that the server has ended: nothing is lost by going on.
    if (!(await this.#storage.swap(entry.refresh_token, null).catch(() => true)) && (await this.#read())) return false;
    this.#channel.post({ kind: "ended", session: entry.session_id, reason });
    this.#hold(null, reason);
    return true;
  }

  /** Ends a session whose newer token nobody on this device holds: another party does. Whether it is gone here. */
  async #endStolen(entry: Entry): Promise<boolean> {
    const stored = await this.#storage.read().catch((cause) => {
      // It may hold the newer token, and then nothing was stolen.
      throw new TokenryError("storage_failed", "the storage can't say whether it holds a newer token", { cause });
    });
    if (stored?.refresh_token !== entry.refresh_token) return false;
    // Log-out takes any token that the session ever had: the other party loses it, too. Unheard, it ends here alone.
    const body = { refresh_token: entry.refresh_token };
    await this.#api.send("/v1/logout", { body, keepalive: true }).catch(() => {});
    return this.#forget(entry, "reuse");
  }

  async #read(): Promise<Entry | null> {
    return this.#storage.read().catch(() => this.#entry);
  }

  #hold(entry: Entry | null, reason?: string): void {
    const before = this.#entry;
    this.#entry = entry;
    this.#age = entry ? ageOf(entry) : undefined;
    if (entry) this.#schedule(renewalTime(entry) - ageOf(entry).elapsed());
    else clearTimeout(this.#timer);
    if (before?.session_id !== entry?.session_id) this.#changed(entry, entry ? undefined : reason);
  }

  #schedule(delay: number): void {
    clearTimeout(this.#timer);
    // The longest delay that timers take is 24 days.
    this.#timer = setTimeout(() => void this.renew().catch(() => {}), Math.min(Math.max(delay, 0), 2 ** 31 - 1));
    (this.#timer as { unref?: () => void }).unref?.();
  }

  #hear(message: Message): void {
    if (message.kind === "renewing") {
      this.#theirs = performance.now() + PATIENCE;
      return;
    }
    this.#theirs = 0;
    if (message.kind === "ended" && message.session === this.#entry?.session_id) this.#hold(null, message.reason);
    if (message.kind === "changed") void this.load().catch(() => {});
    this.#heard();
  }

  /** Waits until another page says that it is done, and never longer than a moment. */
  async #otherPage(): Promise<void> {
    await Promise.race([new Promise<void>((resolve) => (this.#heard = resolve)), sleep(PATIENCE)]);
  }
}

function entryFrom(pair: Pair, user: Entry["user"], asked: number): Entry {
  const { access_token, refresh_token, session_id, expires_in, server_time } = pair;
  return { access_token, refresh_token, session_id, expires_in, server_time, local_time: asked, user };
}

/** How long another page is waited for, in milliseconds. */
const PATIENCE = 2000;
/** The server's repeat window and a little more, in milliseconds. */
const REPEAT_WINDOW = 10_500;
/** More changes than this in one renewal mean that something is wrong. */
const ROUNDS = 6;
