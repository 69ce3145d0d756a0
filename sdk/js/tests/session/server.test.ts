import "fake-indexeddb/auto";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { tokenry, TokenryError, type Auth, type Change, type Options } from "../../src/index.ts";
import { type Fault, Wire } from "../lib/faults.ts";
import { PASSWORD, Server } from "../lib/server.ts";

let server: Server;
beforeAll(async () => {
  server = await Server.start({ TOKENRY_TOKEN__ACCESS_TTL: "2s", TOKENRY_TOKEN__REPEAT_WINDOW: "1s" });
  return () => server.stop();
});

let names = 0;
const opened: Auth[] = [];
afterAll(() => opened.forEach((auth) => auth.close()));

/** A tab. Those of one wire share nothing but the wire and what is stored. */
function tab(wire = new Wire(), options: Options = {}, at = server) {
  const auth = tokenry(at.url, { fetch: wire.fetch, ...options });
  opened.push(auth);
  const changes: Change[] = [];
  auth.onChange((change) => changes.push(change));
  return { auth, wire, changes };
}

async function loggedIn(options: Options = {}) {
  const one = tab(new Wire(), options);
  const username = `kim${++names}`;
  await one.auth.signup({ username, password: PASSWORD });
  return { ...one, username };
}

const me = async (auth: Auth, at = server) => {
  const answer = await auth.fetch(`${at.url}/v1/me`);
  return { status: answer.status, id: ((await answer.json()) as { id: string }).id };
};
const sleep = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

for (const storage of ["indexeddb", "memory"] as const) {
  test(`three lines: log in, call, log out (${storage})`, async () => {
    const { username, auth: first } = await loggedIn({ storage });
    await first.logout();
    // Open, it would take over the next session and renew it as well.
    first.close();
    const { auth, wire, changes } = tab(new Wire(), { storage });
    const user = await auth.login(username, PASSWORD);
    expect((await me(auth)).id).toBe(user.id);
    await sleep(3000);
    expect(await me(auth)).toEqual({ status: 200, id: user.id });
    expect(wire.count("/v1/refresh")).toBeGreaterThan(0);
    expect(wire.log.filter(({ status }) => status >= 400)).toEqual([]);
    await auth.logout();
    expect(auth.user).toBe(null);
    expect(changes.map(({ user, reason }) => [user?.id, reason])).toEqual([
      [user.id, undefined],
      [undefined, "logout"],
    ]);
  });
}

test("faults at every renewal log nobody out", async () => {
  const { auth, wire, changes } = await loggedIn();
  const html = () => new Response("<html>busy</html>", { status: 200, headers: { "Content-Type": "text/html" } });
  const busy = () => new Response("<html>503</html>", { status: 503, headers: { "Retry-After": "1" } });
  const nothing = () => new Response(null, { status: 200 });
  const faults: Fault[] = ["answer lost", "doubled", "late", "offline", html, "answer lost", busy, nothing, "answer lost", "late"];
  wire.plan.push(...faults);
  const until = Date.now() + 25_000;
  while (wire.plan.length > 0 && Date.now() < until) {
    await me(auth).catch((error) => expect(error).toBeInstanceOf(TokenryError));
    await sleep(150);
  }
  expect(wire.plan).toEqual([]);
  await sleep(1200);
  expect((await me(auth)).status).toBe(200);
  expect(changes.filter(({ user }) => !user)).toEqual([]);
  await auth.logout();
}, 40_000);

test("ten tabs that wake at once send one renewal and get no 401", async () => {
  // Its tokens outlive a round of ten tabs, however slow the machine is.
  const patient = await Server.start({ TOKENRY_TOKEN__ACCESS_TTL: "30s" });
  onTestFinished(() => patient.stop());
  const { auth, wire } = tab(new Wire(), {}, patient);
  await auth.signup({ username: "kim", password: PASSWORD });
  const tabs = [auth, ...Array.from({ length: 9 }, () => tab(wire, {}, patient).auth)];
  await Promise.all(tabs.map((one) => one.ready()));
  const now = Date.now;
  try {
    for (let round = 1; round <= 3; round++) {
      // The clock has gone on while nothing ran.
      const slept = round * 60_000;
      Date.now = () => now() + slept;
      const before = wire.count("/v1/refresh");
      const answers = await Promise.all(tabs.map((one) => me(one, patient)));
      expect(answers.every(({ status }) => status === 200)).toBe(true);
      expect(wire.count("/v1/refresh") - before).toBe(1);
    }
  } finally {
    Date.now = now;
  }
  expect(wire.log.filter(({ status }) => status === 401)).toEqual([]);
  await auth.logout();
  await sleep(100);
  expect(tabs.map((one) => one.user)).toEqual(tabs.map(() => null));
});

test("a revoked session ends in all tabs with the server's reason", async () => {
  const { auth, wire, username } = await loggedIn();
  const other = tab(wire);
  await other.auth.ready();
  const elsewhere = tab(new Wire(), { storage: "memory" });
  await elsewhere.auth.login(username, PASSWORD);
  const json = { "Content-Type": "application/json" };
  const body = JSON.stringify({ current_password: PASSWORD, new_password: `${PASSWORD} 2` });
  await elsewhere.auth.fetch(`${server.url}/v1/password`, { method: "POST", headers: json, body });
  await expect(me(auth)).rejects.toMatchObject({ code: "token_revoked", reason: "password" });
  await sleep(100);
  expect([auth.user, other.auth.user]).toEqual([null, null]);
  expect(other.changes.at(-1)).toEqual({ user: null, reason: "password" });
  expect((await me(elsewhere.auth)).status).toBe(200);
});

test("a thief with a copy of the storage ends the session, and the owner learns why", async () => {
  const { auth, changes } = await loggedIn();
  const database = await new Promise<IDBDatabase>((resolve) => {
    const opening = indexedDB.open("tokenry");
    opening.onsuccess = () => resolve(opening.result);
  });
  const stored = await new Promise<{ entry: { refresh_token: string }; key?: string }>((resolve) => {
    const reading = database.transaction("sessions").objectStore("sessions").get(server.url);
    reading.onsuccess = () => resolve(reading.result);
  });
  database.close();
  expect(stored.key).toBe(undefined);
  const theft = await fetch(`${server.url}/v1/refresh`, {
    method: "POST",
    headers: { "Content-Type": "application/json", "Idempotency-Key": "mine" },
    body: JSON.stringify({ refresh_token: stored.entry.refresh_token }),
  });
  expect(theft.status).toBe(200);
  await sleep(2100);
  await me(auth).catch(() => {});
  expect(changes.at(-1)).toEqual({ user: null, reason: "reuse" });
});

test("a thief of a captured request who is quicker loses the session, too", async () => {
  let text: string | null = null;
  const { textStorage } = await import("../../src/index.ts");
  const storage = textStorage({ get: () => text, set: (next) => void (text = next) });
  const { auth, wire, changes } = await loggedIn({ storage });
  wire.plan.push("answer lost", ...Array.from<Fault>({ length: 100 }).fill("offline"));
  await sleep(2100);
  const { entry, key } = JSON.parse(text as unknown as string) as { entry: { refresh_token: string }; key: string };
  const refresh = async (refresh_token: string, key: string) => {
    const headers = { "Content-Type": "application/json", "Idempotency-Key": key };
    const answer = await fetch(`${server.url}/v1/refresh`, { method: "POST", headers, body: JSON.stringify({ refresh_token }) });
    return (await answer.json()) as { refresh_token: string; code?: string };
  };
  const captured = await refresh(entry.refresh_token, key);
  const stolen = await refresh(captured.refresh_token, "mine");
  wire.plan.length = 0;
  await expect(me(auth)).rejects.toMatchObject({ code: "session_ended", reason: "reuse" });
  expect([wire.count("/v1/refresh", 409), wire.count("/v1/logout", 204)]).toEqual([2, 1]);
  expect(changes.at(-1)).toEqual({ user: null, reason: "reuse" });
  expect(await refresh(stolen.refresh_token, "mine-too")).toMatchObject({ code: "token_revoked", reason: "logout" });
});

test("a server restart in mid-renewal logs nobody out", async () => {
  const { auth, changes } = await loggedIn();
  await sleep(2100);
  await server.kill();
  await expect(me(auth)).rejects.toThrow();
  await sleep(2100);
  await expect(me(auth)).rejects.toMatchObject({ code: "network_error" });
  await server.resume();
  expect((await me(auth)).status).toBe(200);
  expect(changes.filter(({ user }) => !user)).toEqual([]);
  await auth.logout();
});

test("a token in a clock's doubt is sent, and renewed on its 401", async () => {
  const { auth, wire } = await loggedIn();
  const now = Date.now;
  try {
    Date.now = () => now() - 86_400_000;
    // A reload with the clock a day back: nothing tells that the token is over.
    await sleep(2100);
    const reloaded = tab(wire);
    expect((await me(reloaded.auth)).status).toBe(200);
    expect(wire.count("/v1/me", 401)).toBeLessThanOrEqual(1);
    Date.now = () => now() + 86_400_000;
    const again = tab(wire);
    expect((await me(again.auth)).status).toBe(200);
    expect(wire.count("/v1/me", 401)).toBeLessThanOrEqual(1);
  } finally {
    Date.now = now;
  }
  await auth.logout();
});

test("a storage that fills up in mid-renewal keeps the session, generation after generation", async () => {
  let text: string | null = null;
  let isFull = false;
  const { textStorage } = await import("../../src/index.ts");
  const storage = textStorage({
    get: () => text,
    set: (next) => {
      if (isFull && next && !next.includes('"key"')) throw new DOMException("full", "QuotaExceededError");
      text = next;
    },
  });
  const { auth, changes } = await loggedIn({ storage });
  isFull = true;
  for (let round = 0; round < 3; round++) {
    await sleep(2100);
    expect((await me(auth)).status).toBe(200);
  }
  isFull = false;
  await sleep(2100);
  expect((await me(auth)).status).toBe(200);
  expect(changes.filter(({ user }) => !user)).toEqual([]);
}, 40_000);

test("a storage that is cleared is a log-out of this browser", async () => {
  const { auth, changes } = await loggedIn();
  await new Promise((resolve) => (indexedDB.deleteDatabase("tokenry").onsuccess = resolve));
  await sleep(2100);
  await me(auth).catch(() => {});
  expect(auth.user).toBe(null);
  expect(changes.at(-1)).toEqual({ user: null, reason: "storage_cleared" });
});

test("errors of the server keep their code and fields", async () => {
  const { auth } = tab(new Wire(), { storage: "memory" });
  await expect(auth.login("nobody", PASSWORD)).rejects.toMatchObject({ code: "invalid_credentials", status: 401 });
  const bad = auth.signup({ username: "kim", password: "short" });
  await expect(bad).rejects.toMatchObject({ name: "TokenryError", status: 422 });
});
