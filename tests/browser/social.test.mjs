// Log in by way of a provider, link it, and unlink it, as people do: there and back through another one's pages.
import assert from "node:assert/strict";
import { test } from "node:test";
import { PASSWORD, SITE, UPSTREAM, check, follow, newName, open, send, signUp } from "./browser.mjs";

const LOOKS = [
  { locale: "en", colorScheme: "light" },
  { locale: "ko", colorScheme: "dark", viewport: { width: 320, height: 640 } },
];

/** Says at the provider who one is, and that this site may know it. */
async function consent(page, name) {
  await page.waitForURL(`${UPSTREAM}/**`);
  await page.fill("input[name=login]", name);
  await page.fill("input[name=password]", "any");
  await follow(page, "button[type=submit]");
  await page.click("button[type=submit]");
  await page.waitForURL(`${SITE}/**`);
  assert.ok(!page.url().includes("/callback"), await page.textContent("main"));
}

const path = (page) => page.url().slice(SITE.length);

/** The button to the provider. */
const enter = (page) => page.click('a[href^="/social/upstream"]');

/** An account whose address was shown to be its own. */
async function verified(email) {
  const call = async (method, path, body) => {
    const headers = { authorization: `Bearer ${process.env.TOKENRY_ADMIN_TOKEN}`, "content-type": "application/json" };
    const answer = await fetch(SITE + path, { method, headers, body: JSON.stringify(body) });
    assert.ok(answer.ok, await answer.clone().text());
    return answer.json();
  };
  const { id } = await call("POST", "/v1/admin/users", { email, password: PASSWORD });
  await call("PATCH", `/v1/admin/users/${id}`, { email_verified: true });
}

for (const look of LOOKS) {
  const where = `${look.locale}, ${look.colorScheme}`;

  test(`a stranger becomes a user: ${where}`, async () => {
    const page = await open(look);
    const name = newName();
    await page.goto(`${SITE}/login`);
    await check(page, "a log-in with a provider");
    await enter(page);
    await consent(page, name);
    assert.equal(path(page), "/account?notice=welcome");
    assert.equal(await page.textContent(".lead"), `${name}@example.com`);
    assert.equal(await page.locator("#password-current_password").count(), 0);
    await check(page, "an account without a password");
    await follow(page, "main button[name=identity]");
    assert.equal(path(page), "/account?notice=unlinked", "a verified address is a way in");
    await check(page, "an account without anything linked");
  });

  test(`who declines goes back to the log-in: ${where}`, async () => {
    const page = await open(look);
    await page.goto(`${SITE}/login?return_to=/docs`);
    await enter(page);
    await page.waitForURL(`${UPSTREAM}/**`);
    await page.click("a[href$='/abort']");
    await page.waitForURL(`${SITE}/**`);
    assert.ok(path(page).startsWith("/social/upstream/callback?error=access_denied"), page.url());
    await check(page, "a log-in that was declined");
    await follow(page, "main a.button");
    assert.equal(path(page), "/login?return_to=%2Fdocs");
    await enter(page);
    await consent(page, newName());
    assert.equal(path(page), "/docs");
  });

  test(`an account is linked and unlinked on its page: ${where}`, async () => {
    const page = await open(look);
    const [username, name] = [await signUp(page), newName()];
    await enter(page);
    await consent(page, name);
    assert.ok(path(page).startsWith("/social/link?offer="), page.url());
    assert.deepEqual(await page.locator(".pair dd").allTextContents(), [`${name}@example.com`, username]);
    await check(page, "an offer");
    await follow(page, "main form button");
    assert.equal(path(page), "/account?notice=linked");
    await check(page, "an account with a linked service");
    const other = await open(look);
    await other.goto(`${SITE}/login`);
    await enter(other);
    await consent(other, name);
    assert.equal(await other.textContent(".lead"), username);
    await follow(page, "main button[name=identity]");
    assert.equal(path(page), "/account?notice=unlinked");
    await other.reload();
    assert.ok(path(other).startsWith("/login"), other.url());
  });

  test(`an address that is someone's is linked by them alone: ${where}`, async () => {
    const page = await open(look);
    const name = newName();
    await verified(`${name}@example.com`);
    await page.goto(`${SITE}/login`);
    await enter(page);
    await consent(page, name);
    assert.equal(await page.locator("main form").count(), 0);
    await check(page, "an offer to someone who is not logged in");
    await follow(page, "main a.button");
    await send(page, "login", { identifier: `${name}@example.com`, password: PASSWORD });
    assert.ok(path(page).startsWith("/social/link?offer="), page.url());
    await follow(page, "main form button");
    assert.equal(path(page), "/account?notice=linked");
  });
}
