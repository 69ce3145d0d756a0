// The calls of the playground. All of them are real; each is told to whoever draws them.

/**
 * @typedef {"browser" | "thief" | "service" | "tokenry"} Party
 * @typedef {{ from: Party, to: Party, text: string, status?: number, code?: string }} Message
 * @typedef {{ access_token: string, refresh_token: string, session_id: string, server_time: number }} Pair
 * @typedef {{ ok: boolean, status: number, code: string, reason?: string, body: any }} Answer
 */

/** Whoever holds a pair of tokens: the owner in the browser, or a thief. */
export class Holder {
  /** @type {Pair | null} */
  pair = null;
  /** The key of the next refresh: one for each refresh token, made at the first attempt. */
  #key = "";
  /** How far the server's clock is ahead of this one, in seconds. */
  ahead = 0;

  /**
   * @param {Party} party
   * @param {string} base where the server is
   * @param {(message: Message) => void} tell
   */
  constructor(party, base, tell) {
    this.party = party;
    this.base = base;
    this.tell = tell;
  }

  /** @param {string} path `/v1/signup` or `/v1/login` @param {object} body */
  async enter(path, body) {
    const answer = await this.#send("tokenry", "POST", path, { body, key: crypto.randomUUID() });
    if (answer.ok) this.keep(answer.body);
    return answer;
  }

  /** Asks the service, which takes tokens of at most `age` seconds. @param {number} age */
  order(age) {
    return this.#send("service", "GET", `/playground/orders?max_age=${age}`, { token: this.pair?.access_token });
  }

  /** Sends both tokens and keeps the new ones. A repetition after a lost answer carries the same key. */
  async refresh() {
    const { refresh_token, access_token } = this.pair ?? {};
    this.#key ||= crypto.randomUUID();
    const answer = await this.#send("tokenry", "POST", "/v1/refresh", { body: { refresh_token, access_token }, key: this.#key });
    if (answer.ok) this.keep(answer.body);
    return answer;
  }

  /** Ends a session by its identifier, as its user may do from any device. @param {string} id */
  end(id) {
    return this.#send("tokenry", "DELETE", `/v1/sessions/${id}`, { token: this.pair?.access_token });
  }

  /** @param {Pair | null} pair */
  keep(pair) {
    this.pair = pair;
    this.#key = "";
    if (pair) this.ahead = pair.server_time - Date.now() / 1000;
  }

  /**
   * @param {Party} to
   * @param {string} method
   * @param {string} path
   * @param {{ body?: object, token?: string, key?: string }} what
   * @returns {Promise<Answer>}
   */
  async #send(to, method, path, { body, token, key }) {
    /** @type {Record<string, string>} */
    const headers = {};
    if (body) headers["Content-Type"] = "application/json";
    if (token) headers.Authorization = `Bearer ${token}`;
    if (key) headers["Idempotency-Key"] = key;
    this.tell({ from: this.party, to, text: `${method} ${path.split("?")[0].replace(/\/[0-9a-f-]{36}$/, "/…")}` });
    const answer = await this.#fetch(path, { method, headers, body: body && JSON.stringify(body), cache: "no-store", credentials: "omit" });
    const text = answer.status ? `${answer.status} ${answer.code}`.trim() : answer.code;
    this.tell({ from: to, to: this.party, text, status: answer.status, code: answer.code });
    return answer;
  }

  /** @param {string} path @param {RequestInit} request @returns {Promise<Answer>} */
  async #fetch(path, request) {
    try {
      const response = await fetch(this.base + path, request);
      const text = await response.text();
      const body = response.headers.get("content-type")?.includes("json") ? JSON.parse(text) : {};
      return { ok: response.ok, status: response.status, code: body.code ?? "", reason: body.reason, body };
    } catch {
      return { ok: false, status: 0, code: "no answer", body: {} };
    }
  }
}

/**
 * Follows the revocation feed, as a service does.
 * @param {string} base
 * @param {(session: string) => void} revoked
 */
export function follow(base, revoked) {
  const feed = new EventSource(`${base}/v1/revocations`);
  feed.addEventListener("revocation", (event) => {
    const entry = JSON.parse(event.data);
    if (entry.kind === "sid") revoked(entry.value);
  });
}
