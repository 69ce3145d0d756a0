import type { Auth } from "./client/tokenry.ts";
import { api, problem } from "./lib/api.ts";

/** Links by mail at one Tokenry server. Every error is a `TokenryError`; `link_used`, `link_expired` and `link_invalid` are about a token. */
export interface Links {
  /** Sends a link that sets a new password, if the address has an account: the answer is the same if not. */
  forgot(email: string): Promise<void>;
  /** Sets a new password with the token of that link. Every session ends. */
  reset(token: string, password: string): Promise<void>;
  /** Sends a link that logs in, if the address has an account. Its token goes to `auth.loginLink`. */
  login(email: string): Promise<void>;
  /** Sends the link again that verifies the address of who is logged in. */
  resend(): Promise<void>;
  /** Verifies an address with the token of that link. */
  verify(token: string): Promise<void>;
  /** Sends a link to a new address, with which the account of who is logged in moves there. */
  move(email: string, password?: string): Promise<void>;
  /** Moves the account with the token of that link. */
  moved(token: string): Promise<void>;
  /** Takes an account back with the token of a notice: "this was not me". */
  notMe(token: string): Promise<void>;
}

/** Links of the Tokenry server at `url`, for whoever is logged in with `auth`. */
export function links(url: string, auth: Auth, { fetch = globalThis.fetch.bind(globalThis), timeout = 15_000 } = {}): Links {
  const base = url.replace(/\/+$/, "");
  const calls = api(base, fetch, timeout);
  const send = async (path: string, body: Record<string, unknown>) => void (await calls.send(path, { body }));
  const sendAs = async (path: string, body: Record<string, unknown>) => {
    const headers = { Accept: "application/json", "Content-Type": "application/json" };
    const answer = await auth.fetch(base + path, { method: "POST", headers, body: JSON.stringify(body) });
    if (!answer.ok) throw problem(answer, await answer.json().catch(() => undefined));
  };
  return {
    forgot: (email) => send("/v1/password/reset", { email }),
    reset: (token, password) => send("/v1/password/reset/confirm", { token, new_password: password }),
    login: (email) => send("/v1/login/link", { email }),
    resend: () => sendAs("/v1/email/verification", {}),
    // With the session, which is then the one that stays.
    verify: (token) => sendAs("/v1/email/verification/confirm", { token }),
    move: (email, password) => sendAs("/v1/email/change", { new_email: email, ...(password && { current_password: password }) }),
    moved: (token) => send("/v1/email/change/confirm", { token }),
    notMe: (token) => send("/v1/not-me", { token }),
  };
}
