// Requests per user and hour, in Chromium with ten tabs against the real server: this package, the plain approach (wait for
// 401, refresh, repeat) and a timer in each tab. `npm run bench`, after `cargo build -p tokenry`; prints a Markdown table.
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "playwright-core";

const TABS = 10;
/** An hour's token in small: what happens once an hour happens once in so many seconds. */
const LIFETIME = 20;
const LIFETIMES = 4;
/** Each tab asks so often in a lifetime. */
const CALLS = 20;

const file = (name) => readFileSync(new URL(name, import.meta.url), "utf8");
const directory = mkdtempSync(join(tmpdir(), "tokenry-bench-"));
const target = process.env.CARGO_TARGET_DIR ?? new URL("../../../target", import.meta.url).pathname;
const server = spawn(process.env.TOKENRY_BIN ?? join(target, "debug/tokenry"), ["serve", "--listen", "127.0.0.1:0", "--data-dir", directory], {
  env: { TOKENRY_RATE_LIMIT__ENABLED: "false", TOKENRY_PASSWORD__MEMORY: "64KiB", TOKENRY_TOKEN__ACCESS_TTL: `${LIFETIME}s` },
  stdio: ["ignore", "pipe", "ignore"],
});
const issuer = await new Promise((resolve, reject) => {
  let greeting = "";
  server.on("exit", () => reject(new Error(`the server ended: ${greeting}`)));
  server.stdout.on("data", (chunk) => {
    const found = /listening on ([^,]+),/.exec((greeting += chunk));
    if (found) resolve(`http://${found[1]}`);
  });
});
const page = (script) => `<!doctype html><link rel="icon" href="data:,"><script type="module">${script}</script>`;
const files = {
  "/sdk": page('import { tokenry } from "/index.js"; window.auth = tokenry(new URLSearchParams(location.search).get("at"));'),
  "/plain": page('import { plain } from "/rivals.js"; window.auth = plain(new URLSearchParams(location.search).get("at"));'),
  "/timers": page('import { timers } from "/rivals.js"; window.auth = timers(new URLSearchParams(location.search).get("at"));'),
  "/index.js": file("../dist/index.js"),
  "/rivals.js": file("rivals.js"),
};
const site = createServer((request, response) => {
  const path = request.url.split("?")[0];
  response.writeHead(files[path] ? 200 : 404, { "Content-Type": path.endsWith(".js") ? "text/javascript" : "text/html" }).end(files[path]);
});
await new Promise((resolve) => site.listen(0, "127.0.0.1", resolve));
const origin = `http://127.0.0.1:${site.address().port}`;
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ["--no-sandbox"] });
const sleep = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

async function measure(kind, index) {
  const context = await browser.newContext();
  const wire = [];
  context.on("response", (answer) => {
    if (answer.url().startsWith(issuer) && answer.request().method() !== "OPTIONS") wire.push([new URL(answer.url()).pathname, answer.status()]);
  });
  const tabs = [];
  for (let i = 0; i < TABS; i++) {
    const tab = await context.newPage();
    await tab.goto(`${origin}/${kind}?at=${encodeURIComponent(issuer)}`);
    if (i === 0) await tab.evaluate((username) => auth.signup({ username, password: "correct horse battery" }), `bench${index}`);
    tabs.push(tab);
  }
  await sleep(LIFETIME * 1000);
  const begin = wire.length;
  let failed = 0;
  const until = Date.now() + LIFETIME * LIFETIMES * 1000;
  await Promise.all(
    tabs.map(async (tab, i) => {
      await sleep((i * LIFETIME * 1000) / CALLS / TABS);
      while (Date.now() < until) {
        const status = await tab.evaluate((url) => auth.fetch(url).then((answer) => answer.status, () => 0), `${issuer}/v1/me`);
        failed += status === 200 ? 0 : 1;
        await sleep((LIFETIME * 1000) / CALLS);
      }
    }),
  );
  await context.close();
  const seen = wire.slice(begin);
  const count = (test) => (seen.filter(test).length / LIFETIMES).toFixed(1);
  return [
    count(([path, status]) => path === "/v1/refresh" && status === 200),
    count(([path, status]) => path === "/v1/refresh" && status !== 200),
    count(([path, status]) => path !== "/v1/refresh" && status === 401),
    count(([path, status]) => path === "/v1/refresh" || status === 401),
    (failed / LIFETIMES).toFixed(1),
  ];
}

try {
  console.log(`${new Date().toISOString().slice(0, 10)}, ${cpus().length} x ${cpus()[0].model}, Chromium ${browser.version()}, Node.js ${process.version}`);
  console.log(`${TABS} tabs, ${CALLS} calls per tab and lifetime, ${LIFETIMES} lifetimes of ${LIFETIME} s\n`);
  console.log("| per user and lifetime | refreshes | refused refreshes | calls answered 401 | requests for tokens' sake | failed calls |");
  console.log("| --- | ---: | ---: | ---: | ---: | ---: |");
  const names = { sdk: "tokenry", plain: "wait for 401, refresh, repeat", timers: "a timer in each tab" };
  for (const [index, kind] of Object.keys(names).entries()) console.log(`| ${[names[kind], ...(await measure(kind, index))].join(" | ")} |`);
} finally {
  await browser.close();
  site.closeAllConnections();
  site.close();
  server.removeAllListeners("exit");
  server.kill();
  rmSync(directory, { recursive: true, force: true });
}
