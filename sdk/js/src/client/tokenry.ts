import { TokenryError } from "../errors/error.ts";
import { api } from "../lib/api.ts";
import { originOf } from "../lib/origin.ts";
import type { Account } from "../session/carrier.ts";
import { cookieCarrier } from "../session/cookie.ts";
import { tokenCarrier } from "../session/token.ts";
import type { User } from "../session/user.ts";
import { type Options, settings } from "./options.ts";

/** Log-in at one Tokenry server. Every error is a {@link TokenryError}. */
export interface Auth {
  /** Who is logged in, as far as is known at this moment; after {@link Auth.ready} for certain. */
  readonly user: User | null;
  /** Resolves when what was kept before a reload has been read. */
  ready(): Promise<User | null>;
  /** Makes an account and logs in. */
  signup(account: Account): Promise<User>;
  /** Logs in with a user name or e-mail address. */
  login(identifier: string, password: string): Promise<User>;
  /** Logs in with the token of a link that was mailed: see `tokenry/links`. */
  loginLink(token: string): Promise<User>;
  /** Logs out in all tabs. Rejects when the server could not be told; the session is gone here all the same. */
  logout(): Promise<void>;
  /**
   * `fetch` with header, renewal and one retry taken care of. The token goes to this page's origin, Tokenry's and those of
   * `origins`; anything else is refused. Without a session the request goes out as it is. When the request itself fails,
   * the error is that of `fetch`.
   */
  fetch(input: RequestInfo | URL, init?: RequestInit): Promise<Response>;
  /** Calls `listener` whenever somebody logs in or out, in any tab. Returns what ends that. */
  onChange(listener: (change: Change) => void): () => void;
  /** Stops timers and listening. The session stays. */
  close(): void;
}

/** Somebody logged in or out. */
export interface Change {
  user: User | null;
  /** Why the session ended: `logout`, `reuse`, `password`, `admin`, `disabled`, `expired`, `storage_cleared`. */
  reason?: string;
}

/** A client of the Tokenry server at `url`. */
export function tokenry(url: string, options: Options = {}): Auth {
  const { base, origins, storage, isCookie, timeout, fetch } = settings(url, options);
  const listeners = new Set<(change: Change) => void>();
  const changed = (user: User | null, reason?: string) => {
    for (const listener of listeners) listener(reason === undefined ? { user } : { user, reason });
  };
  const calls = api(base, fetch, timeout);
  const carrier = isCookie ? cookieCarrier(calls, fetch, changed) : tokenCarrier(calls, storage, fetch, changed);
  return {
    get user() {
      return carrier.user;
    },
    async ready() {
      await carrier.ready();
      return carrier.user;
    },
    signup: (account) => carrier.signup(account),
    login: (identifier, password) => carrier.login(identifier, password),
    loginLink: (token) => carrier.loginLink(token),
    logout: () => carrier.logout(),
    async fetch(input, init) {
      const request = new Request(input, init);
      const origin = originOf(request.url);
      if (!origin || !origins.has(origin)) {
        throw new TokenryError("origin_not_allowed", `the token is not sent to ${origin ?? request.url}: list it in origins`);
      }
      return carrier.send(request);
    },
    onChange(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    close: () => carrier.close(),
  };
}
