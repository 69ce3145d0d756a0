import { TokenryError } from "../errors/error.ts";
import { type Api, pairOf } from "../lib/api.ts";
import { refusesToken } from "../lib/challenge.ts";
import { channel } from "../lib/channel.ts";
import type { Account, Carrier, Changed } from "./carrier.ts";
import { reasonOf } from "./outcome.ts";
import type { User } from "./user.ts";

/** Sessions that an HttpOnly cookie carries: nothing is kept here, and nothing renewed. */
export function cookieCarrier(api: Api, fetch: typeof globalThis.fetch, changed: Changed): Carrier {
  let user: User | null = null;
  const pages = channel(`tokenry ${api.base} cookie`, () => void load().catch(() => {}));

  function hold(next: User | null, reason?: string): void {
    const before = user;
    user = next;
    if (before?.id !== next?.id) changed(next, next ? undefined : reason);
  }

  /** Asks the server, which alone knows. */
  async function load(): Promise<void> {
    try {
      hold(userOf(await api.send("/v1/me", { cookie: true })));
    } catch (error) {
      if ((error as TokenryError).status !== 401) throw error;
      hold(null, reasonOf(error as TokenryError));
    }
  }

  let loading: Promise<void> | undefined;
  const loaded = () => (loading ??= load().catch((error) => ((loading = undefined), Promise.reject(error))));

  async function begin(path: string, given: Record<string, string>): Promise<User> {
    const body = { ...given, method: "cookie" };
    const next = userOf((await api.send(path, { body, cookie: true }))["user"]);
    loading = Promise.resolve();
    hold(next);
    pages.post({ kind: "changed" });
    return next;
  }

  const login = (identifier: string, password: string) => begin("/v1/login", { identifier, password });

  return {
    get user() {
      return user;
    },
    ready: loaded,
    login,
    loginLink: (token) => begin("/v1/login/link/confirm", { token }),
    async signup(account: Account) {
      // A sign-up begins with tokens; they are given back at once.
      const { refresh_token } = pairOf(await api.send("/v1/signup", { body: { ...account } }));
      await api.send("/v1/logout", { body: { refresh_token } });
      return login((account.username ?? account.email) as string, account.password);
    },
    async logout() {
      await api.send("/v1/logout", { method: "POST", cookie: true }).catch((error: TokenryError) => {
        if (error.status !== 401) throw error;
      });
      hold(null, "logout");
      pages.post({ kind: "changed" });
    },
    async send(request) {
      const answer = await fetch(new Request(request, { credentials: "include" }));
      if (user && (await refusesToken(answer))) await load();
      return answer;
    },
    close: () => pages.close(),
  };
}

function userOf(value: unknown): User {
  const user = value as User | undefined;
  if (typeof user?.id !== "string") throw new TokenryError("bad_answer", "the answer names no user");
  return user;
}
