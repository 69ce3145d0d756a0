import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { tokenry, textStorage, type Auth, type Change, type Options } from "../../src/index.ts";

const URL_ = "https://auth.example.com";
const HOUR = 3_600_000;

let generation = 0;
const pair = () => ({
  access_token: `a${++generation}`,
  refresh_token: `r${generation}`,
  session_id: "s",
  expires_in: 3600,
  refresh_expires_in: 1_209_600,
  server_time: Math.floor(Date.now() / 1000),
});
const user = { id: "u", username: "kimalo" };
const json = (body: unknown, status = 200, headers = {}) =>
  new Response(JSON.stringify(body), { status, headers: { "Content-Type": "application/json", ...headers } });
const problem = (status: number, code: string, more = {}, headers = {}) => json({ status, code, detail: code, ...more }, status, headers);

type Answer = (request: Request, at: number) => Response | Promise<Response>;
let calls: { path: string; at: number; token: string | null; key: string | null }[];
let refresh: Answer;
let logout: Answer;
let api: Answer;
let opened: Auth[];

/** A client with the answers of `refresh`, `logout` and `api`; what it sends is in `calls`. */
function page(options: Options = {}): { auth: Auth; changes: Change[] } {
  const fetch = async (input: RequestInfo | URL, init?: RequestInit) => {
    const request = new Request(input, init);
    const { pathname: path } = new URL(request.url);
    calls.push({ path, at: Date.now(), token: request.headers.get("Authorization"), key: request.headers.get("Idempotency-Key") });
    if (path === "/v1/login") return json({ ...pair(), user });
    if (path === "/v1/logout") return logout(request, Date.now());
    return path === "/v1/refresh" ? refresh(request, Date.now()) : api(request, Date.now());
  };
  const auth = tokenry(URL_, { storage: "memory", fetch, ...options });
  opened.push(auth);
  const changes: Change[] = [];
  auth.onChange((change) => changes.push(change));
  return { auth, changes };
}

/** One that has logged in. */
async function client(options: Options = {}): Promise<{ auth: Auth; changes: Change[] }> {
  const one = page(options);
  await one.auth.login("kimalo", "correct horse battery");
  return one;
}

const sent = (path: string) => calls.filter((call) => call.path === path);
const renewals = () => sent("/v1/refresh");

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "Date", "performance"], now: 1_764_000_000_000 });
  calls = [];
  opened = [];
  refresh = () => json(pair());
  logout = () => new Response(null, { status: 204 });
  api = () => json({ ok: true });
});
afterEach(() => {
  opened.forEach((auth) => auth.close());
  vi.useRealTimers();
});

test("an hour's token is renewed once, within six and one minutes before it ends, spread at random", async () => {
  const began: number[] = [];
  for (let i = 0; i < 20; i++) {
    calls = [];
    const { auth } = await client();
    const start = Date.now();
    await vi.advanceTimersByTimeAsync(HOUR - 1000);
    expect(renewals().length).toBe(1);
    began.push((renewals()[0] as { at: number }).at - start);
    auth.close();
  }
  expect(Math.min(...began)).toBeGreaterThanOrEqual(HOUR - 361_000);
  expect(Math.max(...began)).toBeLessThanOrEqual(HOUR - 61_000);
  expect(Math.max(...began) - Math.min(...began)).toBeGreaterThan(60_000);
});

test("setting the clock a day either way neither logs out nor stops renewals", async () => {
  for (const jump of [-24 * HOUR, 24 * HOUR]) {
    calls = [];
    const { auth, changes } = await client();
    vi.setSystemTime(Date.now() + jump);
    await auth.fetch(`${URL_}/api`);
    expect(renewals().length).toBe(jump > 0 ? 1 : 0);
    await vi.advanceTimersByTimeAsync(3 * HOUR);
    expect(renewals().length).toBeGreaterThanOrEqual(3);
    expect(changes.filter(({ user }) => !user)).toEqual([]);
    auth.close();
  }
});

test("a failed renewal keeps the session, and is tried again less and less often", async () => {
  const { auth, changes } = await client();
  refresh = () => Promise.reject(new TypeError("offline"));
  await vi.advanceTimersByTimeAsync(HOUR - 60_000);
  const atFirst = renewals().length;
  expect(atFirst).toBeGreaterThan(0);
  expect((await auth.fetch(`${URL_}/api`)).status).toBe(200);
  await vi.advanceTimersByTimeAsync(HOUR);
  expect(renewals().length).toBeLessThan(150);
  await expect(auth.fetch(`${URL_}/api`)).rejects.toMatchObject({ code: "network_error" });
  refresh = () => json(pair());
  await vi.advanceTimersByTimeAsync(61_000);
  expect((await auth.fetch(`${URL_}/api`)).status).toBe(200);
  expect(changes.filter(({ user }) => !user)).toEqual([]);
});

test("one key for one stored token, however often it is sent; another for the next", async () => {
  await client();
  let failures = 3;
  refresh = () => (failures-- > 0 ? Promise.reject(new TypeError("lost")) : json(pair()));
  await vi.advanceTimersByTimeAsync(2 * HOUR - 120_000);
  const keys = renewals().map(({ key }) => key);
  expect(keys.length).toBe(5);
  expect(new Set(keys.slice(0, 4)).size).toBe(1);
  expect(new Set(keys).size).toBe(2);
  expect(calls[0]?.key).toMatch(/^[0-9a-f]{32}$/);
});

test.each([
  ["HTML", () => new Response("<html>", { status: 200 }), "bad_answer"],
  ["nothing", () => new Response("", { status: 200 }), "bad_answer"],
  ["half a pair", () => json({ ...pair(), refresh_token: undefined }), "bad_answer"],
  ["a negative lifetime", () => json({ ...pair(), expires_in: -1 }), "bad_answer"],
  ["an array", () => json([pair()]), "bad_answer"],
  ["far too much", () => json({ ...pair(), more: "x".repeat(300_000) }), "bad_answer"],
  ["a proxy's 502", () => new Response("<html>", { status: 502 }), "unavailable"],
  ["a proxy's 401", () => new Response("<html>", { status: 401 }), "bad_answer"],
  ["a code with another status", () => problem(500, "refresh_reused"), "refresh_reused"],
  ["stale with another status", () => problem(400, "refresh_stale"), "refresh_stale"],
  ["429", () => problem(429, "rate_limited", {}, { "Retry-After": "30" }), "rate_limited"],
  ["503", () => problem(503, "unavailable", {}, { "Retry-After": "1" }), "unavailable"],
  ["an unknown code", () => problem(401, "something_new"), "something_new"],
])("a server that answers a renewal with %s logs nobody out", async (_, answer, code) => {
  const { auth, changes } = await client();
  refresh = answer;
  await vi.advanceTimersByTimeAsync(HOUR);
  await expect(auth.fetch(`${URL_}/api`)).rejects.toMatchObject({ name: "TokenryError", code });
  refresh = () => json(pair());
  await vi.advanceTimersByTimeAsync(61_000);
  expect((await auth.fetch(`${URL_}/api`)).status).toBe(200);
  expect(changes.filter(({ user }) => !user)).toEqual([]);
});

test("a server that does not answer is given up in time", async () => {
  const hanging = (request: Request) =>
    new Promise<Response>((_, reject) => request.signal.addEventListener("abort", () => reject(request.signal.reason)));
  const { auth } = await client({ timeout: 5000 });
  refresh = hanging;
  vi.setSystemTime(Date.now() + 2 * HOUR);
  const asked = expect(auth.fetch(`${URL_}/api`)).rejects.toMatchObject({ code: "timeout" });
  await vi.advanceTimersByTimeAsync(5000);
  await asked;
});

test("a server that asks to wait is not asked before", async () => {
  const { auth } = await client();
  refresh = () => problem(429, "rate_limited", {}, { "Retry-After": "30" });
  vi.setSystemTime(Date.now() + 2 * HOUR);
  for (let i = 0; i < 20; i++) await expect(auth.fetch(`${URL_}/api`)).rejects.toMatchObject({ retryAfter: 30_000 });
  expect(renewals().length).toBe(1);
});

test.each(["token_revoked", "refresh_reused", "refresh_expired", "refresh_invalid"])("%s ends the session", async (code) => {
  const { auth, changes } = await client();
  refresh = () => problem(401, code, code === "token_revoked" ? { reason: "admin" } : {});
  vi.setSystemTime(Date.now() + 2 * HOUR);
  await expect(auth.fetch(`${URL_}/api`)).rejects.toMatchObject({ code });
  expect(auth.user).toBe(null);
  const reason = { token_revoked: "admin", refresh_reused: "reuse", refresh_expired: "expired", refresh_invalid: "invalid" }[code];
  expect(changes.at(-1)).toEqual({ user: null, reason });
});

test("a stale token waits for the window and is sent once more", async () => {
  const { auth } = await client();
  let stale = 1;
  refresh = () => (stale-- > 0 ? problem(409, "refresh_stale") : json(pair()));
  vi.setSystemTime(Date.now() + 2 * HOUR);
  const asked = auth.fetch(`${URL_}/api`);
  await vi.advanceTimersByTimeAsync(9000);
  expect(renewals().length).toBe(1);
  await vi.advanceTimersByTimeAsync(2000);
  expect((await asked).status).toBe(200);
  expect(renewals().length).toBe(2);
});

test.each<[string, Answer]>([
  ["agrees", () => new Response(null, { status: 204 })],
  ["knows it as over", () => problem(401, "refresh_invalid")],
  ["can't be reached", () => Promise.reject(new TypeError("offline"))],
])("a token that stays stale is another party's session: it is logged out, and over here if the server %s", async (_, answer) => {
  const { auth, changes } = await client();
  refresh = () => problem(409, "refresh_stale");
  const told: unknown[] = [];
  logout = async (request, at) => {
    told.push(await request.json());
    return answer(request, at);
  };
  vi.setSystemTime(Date.now() + 2 * HOUR);
  const asked = expect(auth.fetch(`${URL_}/api`)).rejects.toMatchObject({ code: "session_ended", reason: "reuse" });
  await vi.advanceTimersByTimeAsync(11_000);
  await asked;
  expect(told).toEqual([{ refresh_token: `r${generation}` }]);
  expect(auth.user).toBe(null);
  expect(changes.slice(1)).toEqual([{ user: null, reason: "reuse" }]);
  await vi.advanceTimersByTimeAsync(HOUR);
  expect([renewals().length, sent("/v1/logout").length]).toEqual([2, 1]);
});

/** A place that other pages see, too. */
function sharedPlace() {
  const place = { text: null as string | null, isBroken: false };
  const get = () => {
    if (place.isBroken) throw new DOMException("blocked", "InvalidStateError");
    return place.text;
  };
  const storage = { ...textStorage({ get, set: (text) => void (place.text = text) }), shared: true };
  /** Another page has renewed; `age` milliseconds ago. */
  const renewed = (age = 0) => {
    const { entry } = JSON.parse(place.text as string);
    place.text = JSON.stringify({ entry: { ...entry, ...pair(), local_time: Date.now() - age } });
  };
  return { place, storage, renewed };
}

test.each([1, 2])("a token that is stale for the %s. time, while the storage holds a newer one, gives way to it", async (times) => {
  const { storage, renewed } = sharedPlace();
  const { auth, changes } = await client({ storage });
  refresh = () => {
    if (renewals().length === times) renewed();
    return problem(409, "refresh_stale");
  };
  vi.setSystemTime(Date.now() + 2 * HOUR);
  const asked = auth.fetch(`${URL_}/api`);
  await vi.advanceTimersByTimeAsync(11_000);
  expect((await asked).status).toBe(200);
  expect(sent("/api").at(-1)?.token).toBe(`Bearer a${generation}`);
  expect([renewals().length, sent("/v1/logout").length, changes.length]).toEqual([times, 0, 1]);
});

test("two tokens that are stale once each end nothing", async () => {
  const { storage, renewed } = sharedPlace();
  const { auth } = await client({ storage });
  refresh = () => (renewals().length < 3 ? problem(409, "refresh_stale") : json(pair()));
  vi.setSystemTime(Date.now() + 2 * HOUR);
  const asked = auth.fetch(`${URL_}/api`);
  await vi.advanceTimersByTimeAsync(5000);
  renewed(2 * HOUR);
  await vi.advanceTimersByTimeAsync(17_000);
  expect((await asked).status).toBe(200);
  expect([renewals().length, sent("/v1/logout").length]).toEqual([3, 0]);
});

test("a storage that can't be read may hold the newer token: nothing ends", async () => {
  const { place, storage } = sharedPlace();
  const { auth } = await client({ storage });
  refresh = () => {
    place.isBroken = renewals().length === 2;
    return problem(409, "refresh_stale");
  };
  vi.setSystemTime(Date.now() + 2 * HOUR);
  const asked = expect(auth.fetch(`${URL_}/api`)).rejects.toMatchObject({ code: "storage_failed" });
  await vi.advanceTimersByTimeAsync(11_000);
  await asked;
  expect([auth.user?.id, sent("/v1/logout").length]).toEqual(["u", 0]);
});

test("a session that another party holds ends once in each of its tabs", async () => {
  const { storage } = sharedPlace();
  const tabs = [await client({ storage }), page({ storage })];
  await Promise.all(tabs.map(({ auth }) => auth.ready()));
  refresh = () => problem(409, "refresh_stale");
  vi.setSystemTime(Date.now() + 2 * HOUR);
  const asked = Promise.allSettled(tabs.map(({ auth }) => auth.fetch(`${URL_}/api`)));
  for (let second = 0; second < 30; second++) {
    await vi.advanceTimersByTimeAsync(1000);
    // What the tabs tell each other travels by no timer.
    await new Promise(setImmediate);
  }
  await asked;
  for (const { auth, changes } of tabs) {
    expect(auth.user).toBe(null);
    expect(changes.filter(({ user }) => !user)).toEqual([{ user: null, reason: "reuse" }]);
  }
});

const refused = (code: string, challenge = 'Bearer error="invalid_token"') => problem(401, code, {}, { "WWW-Authenticate": challenge });

test("a 401 of the token is renewed and repeated once, body and all; the application sees no 401", async () => {
  const { auth } = await client();
  const bodies: string[] = [];
  api = async (request) => {
    bodies.push(await request.text());
    return bodies.length === 1 ? refused("token_expired") : json({});
  };
  const answer = await auth.fetch(`${URL_}/api`, { method: "POST", body: "once" });
  expect([answer.status, bodies, renewals().length]).toEqual([200, ["once", "once"], 1]);
  api = () => refused("token_invalid");
  expect((await auth.fetch(`${URL_}/api`)).status).toBe(401);
  expect(renewals().length).toBe(2);
});

test("a 401 that is not of the token is the application's", async () => {
  const { auth } = await client();
  for (const answer of [problem(401, "invalid_credentials"), refused("x", "Basic realm=a"), refused("x", "Bearer"), problem(403, "token_expired")]) {
    api = () => answer;
    expect((await auth.fetch(`${URL_}/api`)).status).toBe(answer.status);
  }
  expect(renewals()).toEqual([]);
});

test("the token goes to no origin that was not allowed, however it is written", async () => {
  const { auth } = await client({ origins: ["https://api.example.com:443"] });
  await auth.fetch("https://api.example.com/orders");
  expect(calls.at(-1)?.token).toBe(`Bearer a${generation}`);
  const before = calls.length;
  for (const url of [
    ...["https://evil.example/", "http://auth.example.com/", "https://auth.example.com.evil.example/", "https://auth.example.com:444/"],
    ...["https://evil.example/https://auth.example.com/", "data:text/plain,a", "https://auth.example.com@evil.example/"],
    ...["https://evil.example\\@auth.example.com/", "https:evil.example"],
  ]) {
    await expect(auth.fetch(url)).rejects.toThrow();
  }
  expect(calls.length).toBe(before);
});

test("ten calls at once with an expired token make one renewal", async () => {
  const { auth } = await client();
  vi.setSystemTime(Date.now() + 2 * HOUR);
  await Promise.all(Array.from({ length: 10 }, () => auth.fetch(`${URL_}/api`)));
  expect(renewals().length).toBe(1);
});

test("a log-out during a renewal stays a log-out", async () => {
  const { auth, changes } = await client();
  let answer: (response: Response) => void = () => {};
  refresh = () => new Promise((resolve) => (answer = resolve));
  vi.setSystemTime(Date.now() + 2 * HOUR);
  const asked = auth.fetch(`${URL_}/api`).catch((error) => error);
  await vi.advanceTimersByTimeAsync(10);
  await auth.logout();
  answer(json(pair()));
  await asked;
  expect([auth.user, changes.at(-1)?.reason]).toEqual([null, "logout"]);
});

test("options that make no sense are refused", () => {
  for (const [url, options] of [
    ["auth.example.com", {}],
    [URL_, { origins: ["api.example.com"] }],
    [URL_, { timeout: 0 }],
    [URL_, { method: "basic" }],
    [URL_, { storage: "disk" }],
  ] as [string, Options][]) {
    expect(() => tokenry(url, options)).toThrow(expect.objectContaining({ code: "invalid_options" }));
  }
});
