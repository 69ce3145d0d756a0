import { type ChildProcess, spawn } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Browser, type BrowserContext, chromium, type Page } from "playwright-core";
import { beforeAll, expect, test } from "vitest";
import { PASSWORD, Server } from "../lib/server.ts";

const here = (path: string) => new URL(`../../${path}`, import.meta.url).pathname;

let server: Server;
let browser: Browser;
let site: { url: string; stop(): void };
beforeAll(async () => {
  server = await Server.start({ TOKENRY_TOKEN__ACCESS_TTL: "4s" });
  site = await example(server.url);
  browser = await chromium.launch({ executablePath: process.env["CHROMIUM"] ?? "/usr/bin/chromium", args: ["--no-sandbox"] });
  return async () => {
    await browser.close();
    site.stop();
    await server.stop();
  };
});

/** The example as it lies there, with the packages that its `npm install` would bring. */
async function example(issuer: string): Promise<{ url: string; stop(): void }> {
  const folder = mkdtempSync(join(tmpdir(), "tokenry-example-"));
  cpSync(here("../../examples/web-page"), folder, { recursive: true, filter: (path) => !path.includes("node_modules") });
  mkdirSync(join(folder, "node_modules"));
  symlinkSync(here("."), join(folder, "node_modules/tokenry"));
  symlinkSync(here("node_modules/express"), join(folder, "node_modules/express"));
  const environment = { PATH: process.env["PATH"], PORT: "0", TOKENRY_ISSUER: issuer };
  const child: ChildProcess = spawn("node", ["serve.js"], { cwd: folder, env: environment, stdio: ["ignore", "pipe", "inherit"] });
  const url = await new Promise<string>((resolve, reject) => {
    child.stdout?.once("data", (line) => resolve(String(line).trim()));
    child.once("exit", (code) => reject(new Error(`the example ended with ${code}`)));
  });
  return { url, stop: () => (child.kill(), rmSync(folder, { recursive: true, force: true })) };
}

async function open(context: BrowserContext): Promise<Page> {
  // The page names the address that the server has by default, and here it has another.
  await context.route("**/app.js", async (route) => {
    const script = await (await route.fetch()).text();
    await route.fulfill({ contentType: "text/javascript", body: script.replace("http://127.0.0.1:7519", server.url) });
  });
  const page = await context.newPage();
  await page.goto(site.url);
  return page;
}

async function fill(page: Page, name: string, password: string, button: string): Promise<void> {
  await page.getByLabel("Name").fill(name);
  await page.getByLabel("Password").fill(password);
  await page.getByRole("button", { name: button }).click();
}

test("the page of the example logs in, calls, renews, reloads, and logs out in every tab", async () => {
  const context = await browser.newContext();
  const statuses: Record<string, number[]> = {};
  context.on("response", (answer) => {
    const path = new URL(answer.url()).pathname;
    if (answer.request().method() !== "OPTIONS") (statuses[path] ??= []).push(answer.status());
  });
  const page = await open(context);
  await fill(page, "kimalo", PASSWORD, "Sign up");
  await page.getByText("Hello kimalo").waitFor();
  const orders = async () => {
    await page.getByRole("button", { name: "Show my orders" }).click();
    await page.locator("#answer").getByText("owner").waitFor();
  };
  await orders();
  // Two lifetimes of the access token.
  await page.waitForTimeout(9000);
  await orders();
  await expect.poll(() => statuses["/orders"]).toEqual([200, 200]);
  expect(statuses["/v1/refresh"]?.length).toBeGreaterThan(0);

  await page.reload();
  await page.getByText("Hello kimalo").waitFor();
  const other = await open(context);
  await other.getByText("Hello kimalo").waitFor();
  await page.getByRole("button", { name: "Log out" }).click();
  for (const tab of [page, other]) await tab.getByText("You are logged out (logout).").waitFor();

  await fill(page, "kimalo", `${PASSWORD}x`, "Log in");
  await page.getByText("Name or password is wrong.").waitFor();
  await fill(page, "kimalo", PASSWORD, "Log in");
  await page.getByText("Hello kimalo").waitFor();
  await other.getByText("Hello kimalo").waitFor();
  await context.close();
}, 60_000);
