// A browser with the debugger open, from a server or from a file on disk.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';

/** A file of the packages that `cargo xtask test` installs. */
export const packaged = (file) => join(process.env.XTASK_NODE_MODULES, file);
const { chromium } = await import(pathToFileURL(packaged('playwright-core/index.mjs')));

const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox'] });
export const folder = mkdtempSync(join(tmpdir(), 'tokenry-debugger-'));
const environment = { TOKENRY_RATE_LIMIT__ENABLED: 'false', TOKENRY_PASSWORD__MEMORY: '64KiB' };
const server = spawn(process.env.TOKENRY_BIN, ['serve', '--listen', '127.0.0.1:0', '--data-dir', folder], { env: environment, cwd: folder });

/** The address that the server greets with. */
export const issuer = await new Promise((good, bad) => {
  server.on('exit', () => bad(new Error('the server ended')));
  createInterface({ input: server.stdout }).on('line', (line) => good(/serves (\S+)/.exec(line)?.[1]));
});

export async function close() {
  await browser.close();
  const ended = new Promise((good) => server.on('exit', good));
  server.kill();
  await ended;
  rmSync(folder, { recursive: true });
}

/** Opens the page; `requests` grows with every request that it makes afterwards, `dialogs` with every dialog. */
export async function open(address = `${issuer}/debugger`, options = {}) {
  const context = await browser.newContext({ locale: 'en-US', ...options });
  const page = await context.newPage();
  const [requests, dialogs, errors] = [[], [], []];
  page.on('dialog', (dialog) => (dialogs.push(dialog.message()), dialog.dismiss()));
  page.on('pageerror', (error) => errors.push(String(error)));
  page.on('console', (message) => message.type() === 'error' && errors.push(message.text()));
  await page.goto(address);
  await page.waitForFunction(() => document.getElementById('verdict').dataset.state);
  context.on('request', (request) => requests.push(request.url()));
  return {
    page, requests, dialogs, errors,
    token: () => page.inputValue('#token'),
    paste: (text) => fill(page, '#token', text),
    key: (text) => fill(page, '#key', text),
    payload: (text) => fill(page, '#payload', text),
    header: (text) => fill(page, '#header', text),
    findings: () => page.locator('#findings li').evaluateAll((items) => items.map((item) => item.dataset.id ?? 'fine')),
    text: (selector) => page.locator(selector).innerText(),
    verdict: (state) =>
      page.waitForFunction((wanted) => document.documentElement.dataset.busy === undefined && document.getElementById('verdict').dataset.state === wanted, state, { timeout: 20_000 }),
    /** What was begun is done. */
    idle: () => page.waitForFunction(() => document.documentElement.dataset.busy === undefined),
    /** Nothing was asked of any server, nothing popped up, nothing failed. */
    async quiet() {
      assert.deepEqual({ requests, dialogs, errors }, { requests: [], dialogs: [], errors: [] });
      await context.close();
    },
    close: () => context.close(),
  };
}

/** As a paste does it: at once. */
async function fill(page, selector, text) {
  await page.locator(selector).evaluate((field, value) => {
    field.value = value;
    field.dispatchEvent(new Event('input', { bubbles: true }));
  }, text);
}

export const call = async (path, body, token) => {
  const headers = { ...(body && { 'content-type': 'application/json' }), ...(token && { authorization: `Bearer ${token}` }) };
  const response = await fetch(`${issuer}${path}`, { method: 'POST', headers, body: body && JSON.stringify(body) });
  assert.ok(response.ok, `${path}: ${response.status}`);
  return response.status === 204 ? null : response.json();
};
