// A browser, the server under test, and what every page must be.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { after } from "node:test";
import { chromium } from "playwright-core";

/** The server; another one with limits on guesses and a closed sign-up. */
export const SITE = process.env.TOKENRY_URL;
export const STRICT_SITE = process.env.TOKENRY_STRICT_URL;
/** A provider to log in with, whose pages are its own affair. */
export const UPSTREAM = process.env.TOKENRY_UPSTREAM_URL;
const OWN = [SITE, STRICT_SITE, UPSTREAM].filter(Boolean);
export const PASSWORD = "correct horse battery";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const executable = execFileSync("sh", ["-c", "command -v chromium"], { encoding: "utf8" }).trim();
// Chromium's sandbox can't be set up by root.
const args = process.getuid() === 0 ? ["--no-sandbox"] : [];
const browser = await chromium.launch({ executablePath: executable, args });
after(() => browser.close());

/** A page of a browser profile of its own, which notices what must not happen anywhere. */
export async function open(options = {}) {
  const context = await browser.newContext({ locale: "en", viewport: { width: 1200, height: 900 }, ...options });
  // A provider's pages ask nothing outside this machine. Elsewhere routes would only do away with the cache.
  if (UPSTREAM) await context.route(/^https:/, (route) => route.abort());
  const page = await context.newPage();
  page.setDefaultTimeout(60_000);
  page.wrong = [];
  page.on("dialog", (dialog) => (page.wrong.push(`dialog: ${dialog.message()}`), dialog.dismiss()));
  page.on("pageerror", (error) => page.wrong.push(`error: ${error.message}`));
  page.on("console", (message) => {
    if (isUpstream(page)) return;
    if (/content security policy/i.test(message.text())) page.wrong.push(message.text());
  });
  page.on("request", (request) => {
    const url = request.url();
    if (isUpstream(page)) return;
    if (!OWN.some((site) => url.startsWith(`${site}/`))) page.wrong.push(`request: ${url}`);
  });
  return page;
}

const isUpstream = (page) => UPSTREAM !== undefined && page.url().startsWith(`${UPSTREAM}/`);

let users = 0;
/** A name that no one has yet. */
export const newName = () => `kim${process.pid}n${++users}`;

/** Presses what leads to another page, and waits until that one is there with its styles and scripts. */
export async function follow(page, selector) {
  const [answer] = await Promise.all([page.waitForNavigation(), page.locator(selector).click()]);
  return answer;
}

/** Fills in the fields of a form by their ids and sends it. */
export async function send(page, form, fields) {
  for (const [name, value] of Object.entries(fields)) await page.fill(`#${form}-${name}`, value);
  await follow(page, `form:has(#${form}-${Object.keys(fields)[0]}) button:not([type=button])`);
}

/** Signs up on the page. */
export async function signUp(page, site = SITE) {
  const username = newName();
  await page.goto(`${site}/signup`);
  await send(page, "signup", { username, password: PASSWORD });
  assert.equal(new URL(page.url()).pathname, "/account");
  return username;
}

/** Waits until an element has the focus. */
export const hasFocus = (page, id) => page.waitForFunction((id) => document.activeElement.id === id, id);

/** Holds the page against axe, against its width, and against what fingers can hit. */
export async function check(page, where) {
  // Half a page has no styles, and then its targets are too small.
  await page.waitForLoadState();
  await page.evaluate(axe);
  const violations = await page.evaluate(async () => {
    const found = await window.axe.run(document, { rules: { "target-size": { enabled: true } } });
    return found.violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html.slice(0, 150)).join(" | ")}`);
  });
  assert.deepEqual(violations, [], where);
  const [wide, small] = await page.evaluate(() => {
    const targets = document.querySelectorAll("button, input:not([type=hidden]), a.button, summary, nav.frame a");
    const visible = [...targets].filter((target) => target.checkVisibility());
    const low = visible.filter((target) => target.getBoundingClientRect().height < 44);
    return [document.documentElement.scrollWidth - innerWidth, low.map((target) => target.outerHTML)];
  });
  assert.ok(wide <= 0, `${where} is ${wide} px too wide`);
  assert.deepEqual(small, [], `${where}: lower than 44 px`);
  assert.deepEqual(page.wrong, [], where);
}
