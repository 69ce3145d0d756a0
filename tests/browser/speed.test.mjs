// What a page weighs, and whether it holds still.
import assert from "node:assert/strict";
import { test } from "node:test";
import { SITE, open, send, signUp } from "./browser.mjs";

test("the log-in page weighs less than 30 KB in all", async () => {
  const page = await open();
  const network = await page.context().newCDPSession(page);
  let bytes = 0;
  const files = [];
  await network.send("Network.enable");
  network.on("Network.loadingFinished", (event) => (bytes += event.encodedDataLength));
  network.on("Network.responseReceived", (event) => files.push(event.response.url));
  await page.goto(`${SITE}/login`, { waitUntil: "networkidle" });
  console.log(`log-in page: ${bytes} bytes in ${files.length} answers`);
  assert.ok(files.length >= 4, `${files}`);
  assert.ok(bytes < 30_000, `${bytes}`);
  const again = await open();
  await again.goto(`${SITE}/login`, { waitUntil: "networkidle" });
  await again.goto(`${SITE}/signup`, { waitUntil: "networkidle" });
  const cached = await again.evaluate(() => performance.getEntriesByType("resource").map((entry) => entry.transferSize));
  assert.ok(cached.every((size) => size === 0), `${cached}`);
});

test("nothing shifts", async () => {
  const page = await open({ viewport: { width: 360, height: 640 } });
  await page.addInitScript(() => {
    window.shifts = [];
    new PerformanceObserver((list) => window.shifts.push(...list.getEntries().map((entry) => entry.value)))
      .observe({ type: "layout-shift", buffered: true });
  });
  const holds = async (where) => {
    // Not until the network is idle: the playground listens for as long as it is open.
    await page.waitForLoadState("load");
    await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve, 500))));
    assert.deepEqual(await page.evaluate(() => window.shifts), [], where);
  };
  for (const path of ["/", "/docs", "/login", "/signup"]) {
    await page.goto(SITE + path);
    await holds(path);
  }
  await send(page, "signup", { username: "", password: "x" });
  await holds("a wrong sign-up");
  await signUp(page);
  await holds("an account");
});

test("the first paint comes at once", async () => {
  const times = [];
  for (let round = 0; round < 5; round++) {
    const page = await open();
    await page.goto(`${SITE}/login`, { waitUntil: "networkidle" });
    times.push(await page.evaluate(() => performance.getEntriesByName("first-contentful-paint")[0].startTime));
    await page.context().close();
  }
  times.sort((one, other) => one - other);
  console.log(`first paint of the log-in page with an empty cache: median ${times[2].toFixed(0)} ms, least ${times[0].toFixed(0)} ms`);
  assert.ok(times[2] < 3000, `${times}`);
});
