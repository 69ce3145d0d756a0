// Links in mails as people follow them: opening one spends nothing, its button does; with script and without.
import assert from "node:assert/strict";
import { test } from "node:test";
import { PASSWORD, SITE, check, follow, newName, open, send } from "./browser.mjs";

const LOOKS = [
  { locale: "en", colorScheme: "light" },
  { locale: "ko", colorScheme: "dark", viewport: { width: 320, height: 640 } },
  { locale: "en", javaScriptEnabled: false },
];
const NEW_PASSWORD = "seven purple tractors";

const path = (page) => page.url().slice(SITE.length);
const press = (page) => follow(page, "main .card form button:not([type=button])");
const notice = (page) => page.locator("[role=status]");

/** The newest mail to an address, beyond those that were seen. */
async function mail(to, seen = 0) {
  for (let tries = 0; tries < 200; tries++) {
    const answer = await fetch(`${SITE}/dev/outbox`, { headers: { accept: "application/json" } });
    const mails = (await answer.json()).mails.filter((mail) => mail.to === to);
    if (mails.length > seen) return mails[0];
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  assert.fail(`no mail to ${to}`);
}

/** An account with an address: a page where it is logged in. */
async function signUp(look) {
  const page = await open(look);
  const email = `${newName()}@example.com`;
  await page.goto(`${SITE}/signup`);
  await send(page, "signup", { username: "", email, password: PASSWORD });
  assert.equal(path(page), "/account?notice=welcome");
  return { page, email };
}

/** Opens a link as a scanner does, and as a person does who thinks about it: nothing is spent. */
async function openTwice(page, link, where) {
  assert.equal((await fetch(link)).status, 200);
  for (let time = 0; time < 2; time++) {
    assert.equal((await page.goto(link)).status(), 200, where);
    assert.equal(await page.locator("main .card form button:not([type=button])").count(), 1, where);
  }
  if (page.checks) await check(page, where);
}

/** That a link is worth nothing any more, and offers no button. */
async function isSpent(page, link) {
  assert.equal((await page.goto(link)).status(), 410);
  assert.equal(await page.locator("main .card form").count(), 0);
  if (page.checks) await check(page, "a spent link");
}

for (const look of LOOKS) {
  const where = look.javaScriptEnabled === false ? "without script" : `${look.locale}, ${look.colorScheme}`;
  // axe is a script.
  const checks = look.javaScriptEnabled !== false;
  const opened = async () => Object.assign(await open(look), { checks });

  test(`an address is verified: ${where}`, async () => {
    const { page, email } = await signUp(look);
    page.checks = checks;
    assert.equal(await page.locator("section[aria-labelledby=email] .badge").count(), 0);
    if (checks) await check(page, "an account with an unconfirmed address");
    const first = await mail(email);
    await follow(page, "button[value=verify]");
    assert.equal(path(page), "/account?notice=verify");
    const { link } = await mail(email, 1);
    await isSpent(page, first.link);
    await openTwice(page, link, "a verification");
    await page.goto(`${SITE}/account`);
    assert.equal(await page.locator("section[aria-labelledby=email] .badge").count(), 0, "opening it verifies nothing");
    await page.goto(link);
    await press(page);
    assert.equal(await notice(page).count(), 1);
    await isSpent(page, link);
    await page.goto(`${SITE}/account`);
    assert.equal(await page.locator("section[aria-labelledby=email] .badge").count(), 1);
    assert.equal(await page.locator("button[value=verify]").count(), 0);
    if (checks) await check(page, "an account with a confirmed address");
  });

  test(`who forgot the password chooses a new one: ${where}`, async () => {
    const { page: owner, email } = await signUp(look);
    const page = await opened();
    await page.goto(`${SITE}/login`);
    await follow(page, "a[href$='/password/forgot']");
    if (checks) await check(page, "a forgotten password");
    await send(page, "mailed", { email: "kim" });
    assert.equal(await page.locator("[aria-invalid]").count(), 1);
    if (checks) await check(page, "a forgotten password, mistyped");
    await send(page, "mailed", { email });
    const said = await notice(page).textContent();
    if (checks) await check(page, "a link under way");
    const { link } = await mail(email, 1);
    await openTwice(page, link, "a reset");
    await owner.reload();
    assert.ok(path(owner).startsWith("/account"), "opening it ends nothing");
    await send(page, "link", { new_password: "12345678" });
    assert.equal(await page.locator("[aria-invalid]").count(), 1);
    if (checks) await check(page, "a reset to a weak password");
    await send(page, "link", { new_password: NEW_PASSWORD });
    assert.equal(await notice(page).count(), 1);
    await isSpent(page, link);
    await owner.reload();
    assert.ok(path(owner).startsWith("/login"), "every session has ended");
    await send(owner, "login", { identifier: email, password: NEW_PASSWORD });
    assert.equal(path(owner), "/account");
    // Who has no account is told the same.
    await page.goto(`${SITE}/password/forgot`);
    await send(page, "mailed", { email: `${newName()}@example.com` });
    assert.equal(await notice(page).textContent(), said);
  });

  test(`a link logs in: ${where}`, async () => {
    const { email } = await signUp(look);
    const page = await opened();
    await page.goto(`${SITE}/login`);
    await follow(page, "a[href$='/login/mail']");
    if (checks) await check(page, "a log-in without a password");
    await send(page, "mailed", { email });
    const { link } = await mail(email, 1);
    await openTwice(page, link, "a log-in");
    await page.goto(`${SITE}/account`);
    assert.ok(path(page).startsWith("/login"), "opening it logs no one in");
    await page.goto(link);
    await press(page);
    assert.equal(path(page), "/account");
    assert.equal(await page.textContent(".lead"), email);
    await isSpent(await opened(), link);
  });

  test(`an account moves, and its owner takes it back: ${where}`, async () => {
    const { page, email } = await signUp(look);
    page.checks = checks;
    await page.goto((await mail(email)).link);
    await press(page);
    await page.goto(`${SITE}/account`);
    await page.click("section[aria-labelledby=email] summary");
    await send(page, "email", { new_email: "kim", current_password: PASSWORD });
    assert.equal(await page.locator("#email-new_email[aria-invalid]").count(), 1);
    if (checks) await check(page, "a mistyped new address");
    const moved = `${newName()}@example.com`;
    await send(page, "email", { new_email: moved, current_password: PASSWORD });
    assert.equal(path(page), "/account?notice=email");
    const { link } = await mail(moved);
    await openTwice(page, link, "a change of address");
    await page.goto(`${SITE}/account`);
    assert.equal(await page.textContent(".lead"), email, "opening it moves nothing");
    await page.goto(link);
    await press(page);
    await isSpent(page, link);
    await page.goto(`${SITE}/account`);
    assert.equal(await page.textContent(".lead"), moved);

    const told = await mail(email, 1);
    const owner = await opened();
    await openTwice(owner, told.link, "this was not me");
    await page.reload();
    assert.equal(await page.textContent(".lead"), moved, "opening it takes nothing back");
    await press(owner);
    await isSpent(owner, told.link);
    await page.reload();
    assert.ok(path(page).startsWith("/login"), "every session has ended");
    await owner.goto((await mail(email, 2)).link);
    await send(owner, "link", { new_password: NEW_PASSWORD });
    await owner.goto(`${SITE}/login`);
    await send(owner, "login", { identifier: email, password: NEW_PASSWORD });
    assert.equal(path(owner), "/account");
  });
}
