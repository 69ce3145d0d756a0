import { TokenryError } from "../errors/error.ts";
import { type Api, pairOf } from "../lib/api.ts";
import { refusesToken } from "../lib/challenge.ts";
import { randomKey } from "../lib/random.ts";
import type { Storage } from "../storage/storage.ts";
import type { Account, Carrier, Changed } from "./carrier.ts";
import { Session } from "./session.ts";
import type { User } from "./user.ts";

/** Sessions that tokens carry. */
export function tokenCarrier(api: Api, storage: Storage, fetch: typeof globalThis.fetch, changed: Changed): Carrier {
  const session = new Session(api, storage, (entry, reason) => changed(entry?.user ?? null, reason));
  const loaded = session.load();

  async function begin(path: string, body: Record<string, unknown>): Promise<User> {
    await loaded;
    const asked = Date.now();
    const pair = pairOf(await api.send(path, { body, key: storage.key && randomKey() }));
    if (!pair.user) throw new TokenryError("bad_answer", "the answer names no user");
    await session.begin(pair, asked);
    return pair.user;
  }

  return {
    get user() {
      return session.entry?.user ?? null;
    },
    ready: () => loaded,
    signup: (account: Account) => begin("/v1/signup", { ...account }),
    login: (identifier, password) => begin("/v1/login", { identifier, password }),
    loginLink: (token) => begin("/v1/login/link/confirm", { token }),
    async logout() {
      await loaded;
      const ended = await session.end("logout");
      if (!ended) return;
      const tell = () => api.send("/v1/logout", { body: { refresh_token: ended.refresh_token }, keepalive: true });
      await tell()
        .catch(tell)
        .catch((error: TokenryError) => {
          // Whatever it says of the token: there is no session that it could still open.
          if (error.status !== 401) throw error;
        });
    },
    async send(request) {
      await loaded;
      const entry = request.headers.has("Authorization") ? null : await session.usable();
      if (!entry) return fetch(request);
      const answer = await fetch(bearing(request.clone(), entry.access_token));
      if (!(await refusesToken(answer))) return answer;
      const next = await session.replacement(entry.access_token);
      if (!next) throw new TokenryError("session_ended", "the session ended meanwhile", { reason: "logout" });
      return fetch(bearing(request, next.access_token));
    },
    close: () => session.close(),
  };
}

function bearing(request: Request, token: string): Request {
  request.headers.set("Authorization", `Bearer ${token}`);
  return request;
}
