import { type Browser, type BrowserContext, chromium, type Page } from "playwright-core";
import { afterEach, beforeAll, expect, test } from "vitest";
import type { Auth, Change, tokenry } from "../../src/index.ts";
import { pages } from "../lib/pages.ts";
import { PASSWORD, Server } from "../lib/server.ts";

let server: Server;
let browser: Browser;
let site: Awaited<ReturnType<typeof pages>>;
beforeAll(async () => {
  server = await Server.start({ TOKENRY_TOKEN__ACCESS_TTL: "4s" });
  browser = await chromium.launch({ executablePath: process.env["CHROMIUM"] ?? "/usr/bin/chromium", args: ["--no-sandbox"] });
  site = await pages();
  return async () => {
    await browser.close();
    await site.close();
    await server.stop();
  };
});

let context: BrowserContext;
afterEach(() => context?.close());

declare const window: { tokenry: typeof tokenry; auth: Auth; changes: Change[]; seen: number[] };

/** What went over the wire, with what it was answered. */
type Wire = { path: string; status: number; at: number }[];

async function open(): Promise<Wire> {
  context = await browser.newContext();
  const wire: Wire = [];
  context.on("response", (answer) => {
    const { pathname, origin } = new URL(answer.url());
    // Not the browser's own questions about the rules of cross-origin calls.
    if (origin !== server.url || answer.request().method() === "OPTIONS") return;
    wire.push({ path: pathname, status: answer.status(), at: Date.now() });
  });
  return wire;
}

async function tab(options = {}): Promise<Page> {
  const page = await context.newPage();
  await page.goto(site.url);
  await page.evaluate(
    async ([url, options]) => {
      const auth = window.tokenry(url as string, options as object);
      Object.assign(window, { auth, changes: [], seen: [] });
      auth.onChange((change) => window.changes.push(change));
      await auth.ready();
    },
    [server.url, options] as const,
  );
  return page;
}

let names = 0;
const signup = (page: Page) =>
  page.evaluate(([username, password]) => window.auth.signup({ username, password }), [`han${++names}`, PASSWORD] as const);

const call = (page: Page) =>
  page.evaluate(async (url) => {
    const answer = await window.auth.fetch(url);
    window.seen.push(answer.status);
    return answer.status;
  }, `${server.url}/v1/me`);

const loggedOut = async (tabs: Page[]) =>
  (await Promise.all(tabs.map((page) => page.evaluate(() => window.changes.filter(({ user }) => !user).length)))).reduce((a, b) => a + b);

const sleep = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

for (const storage of ["indexeddb", "localstorage"]) {
  test(`ten tabs over many lifetimes: one refresh each, and no 401 (${storage})`, async () => {
    const wire = await open();
    const first = await tab({ storage });
    await signup(first);
    const tabs = [first, ...(await Promise.all(Array.from({ length: 9 }, () => tab({ storage }))))];
    await sleep(3000);
    // From one renewal on, so that whole lifetimes are counted.
    const count = wire.length;
    while (!wire.slice(count).some(({ path }) => path === "/v1/refresh")) await sleep(20);
    const started = Date.now();
    const begin = wire.length;
    const lifetimes = 6;
    while (wire.slice(begin).filter(({ path }) => path === "/v1/refresh").length < lifetimes && Date.now() - started < 40_000) {
      const statuses = await Promise.all(tabs.map(call));
      expect(statuses).toEqual(tabs.map(() => 200));
      await sleep(100);
    }
    await sleep(300);
    const renewals = wire.slice(begin).filter(({ path }) => path === "/v1/refresh");
    // A token of 4 s is renewed after 2.1 to 2.7 s: more often would be a second one of a lifetime.
    const early = renewals.filter(({ at }, i) => i > 0 && at - (renewals[i - 1] as { at: number }).at < 1500);
    // In localStorage two tabs may begin in the same moment, which is short against minutes and not against 600 ms.
    if (storage === "indexeddb") expect(early).toEqual([]);
    else expect(early.length).toBeLessThan(renewals.length / 2);
    expect(renewals.length).toBeGreaterThanOrEqual(lifetimes);
    expect(wire.filter(({ status }) => status === 401)).toEqual([]);
    expect(await loggedOut(tabs)).toBe(0);
    await first.evaluate(() => window.auth.logout());
    await sleep(300);
    const changes = await Promise.all(tabs.map((page) => page.evaluate(() => window.changes.at(-1))));
    expect(changes).toEqual(tabs.map(() => ({ user: null, reason: "logout" })));
  }, 90_000);
}

test("ten tabs asleep past expiry: at most one 401 and one refresh when they wake", async () => {
  const wire = await open();
  const first = await tab();
  await signup(first);
  const tabs = [first, ...(await Promise.all(Array.from({ length: 9 }, () => tab())))];
  // Chromium's own freezing leaves out pages that others wait for; a machine's sleep leaves out none.
  const { processInfo } = await (await browser.newBrowserCDPSession()).send("SystemInfo.getProcessInfo");
  const renderers = processInfo.filter(({ type }) => type === "renderer");
  const begin = wire.length;
  for (const { id } of renderers) process.kill(id, "SIGSTOP");
  await sleep(5500);
  for (const { id } of renderers) process.kill(id, "SIGCONT");
  expect(await Promise.all(tabs.map(call))).toEqual(tabs.map(() => 200));
  const woken = wire.slice(begin);
  expect(woken.filter(({ status }) => status === 401).length).toBeLessThanOrEqual(1);
  expect(woken.filter(({ path }) => path === "/v1/refresh").length).toBe(1);
  expect(await loggedOut(tabs)).toBe(0);
}, 60_000);

test("answers dropped, delayed and doubled, and an offline time: nobody is logged out", async () => {
  const wire = await open();
  let renewals = 0;
  await context.route(`${server.url}/v1/refresh`, async (route) => {
    if (route.request().method() !== "POST") return route.continue();
    renewals += 1;
    if (renewals % 4 === 1) {
      // The server did it, and nobody heard.
      await route.fetch();
      return route.abort("connectionreset");
    }
    if (renewals % 4 === 2) {
      await sleep(1500);
      return route.continue();
    }
    if (renewals % 4 === 3) await route.fetch();
    return route.continue();
  });
  const tabs = [await tab()];
  await signup(tabs[0] as Page);
  for (let i = 1; i < 4; i++) tabs.push(await tab());
  const until = Date.now() + 15_000;
  while (Date.now() < until) {
    await Promise.all(tabs.map((page) => call(page).catch(() => 0)));
    await sleep(200);
  }
  await context.setOffline(true);
  await sleep(6000);
  await context.setOffline(false);
  await sleep(3000);
  await Promise.all(tabs.map((page) => call(page).catch(() => 0)));
  await sleep(3000);
  await context.unroute(`${server.url}/v1/refresh`);
  expect(await Promise.all(tabs.map(call))).toEqual(tabs.map(() => 200));
  expect(await loggedOut(tabs)).toBe(0);
  expect(renewals).toBeGreaterThan(5);
  const seen = await Promise.all(tabs.map((page) => page.evaluate(() => window.seen)));
  expect(seen.flat().filter((status) => status === 401)).toEqual([]);
  expect(wire.filter(({ status }) => status === 409 || status === 401).length).toBeLessThanOrEqual(tabs.length);
}, 90_000);

test("a reload goes on with the session, beside a tab whose package has upgraded the storage", async () => {
  await open();
  const first = await tab();
  await signup(first);
  // Version 2 adds a table and a member, and says things on the channel that this version does not know.
  const second = await tab();
  await second.evaluate(async (url) => {
    const database = await new Promise<IDBDatabase>((resolve, reject) => {
      const opening = indexedDB.open("tokenry", 2);
      opening.onupgradeneeded = () => opening.result.createObjectStore("devices");
      opening.onsuccess = () => resolve(opening.result);
      opening.onerror = opening.onblocked = () => reject(new Error("blocked"));
    });
    const store = database.transaction("sessions", "readwrite").objectStore("sessions");
    const reading = store.get(url);
    reading.onsuccess = () => store.put({ ...reading.result, version: 2 }, url);
    database.onversionchange = () => database.close();
    new BroadcastChannel(`tokenry ${url}`).postMessage({ kind: "of a later version", more: [1] });
  }, server.url);
  await first.reload();
  const again = await tab();
  expect(await again.evaluate(() => window.auth.user?.username)).toBe(`han${names}`);
  await sleep(4500);
  expect(await Promise.all([second, again].map(call))).toEqual([200, 200]);
  expect(await loggedOut([second, again])).toBe(0);
}, 60_000);

test("a cookie carries the session where no script sees a token", async () => {
  const own = await Server.start({ TOKENRY_SERVER__CORS_ORIGINS: site.url });
  try {
    await open();
    const page = await context.newPage();
    await page.goto(site.url);
    const result = await page.evaluate(
      async ([url, password]) => {
        const auth = window.tokenry(url, { method: "cookie" });
        await auth.signup({ username: "cookie", password });
        const answer = await auth.fetch(`${url}/v1/me`);
        const reloaded = window.tokenry(url, { method: "cookie" });
        const user = await reloaded.ready();
        const databases = await indexedDB.databases();
        await auth.logout();
        await new Promise((resolve) => setTimeout(resolve, 500));
        return [answer.status, user?.username, databases.length, localStorage.length, document.cookie, reloaded.user];
      },
      [own.url, PASSWORD] as const,
    );
    expect(result).toEqual([200, "cookie", 0, 0, "", null]);
  } finally {
    await own.stop();
  }
}, 60_000);
