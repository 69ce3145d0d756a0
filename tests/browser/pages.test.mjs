// Sign up, log in and the account as people meet them, with a mouse, a keyboard, and without script.
import assert from "node:assert/strict";
import { test } from "node:test";
import { PASSWORD, SITE, STRICT_SITE, check, follow, hasFocus, newName, open, send, signUp } from "./browser.mjs";

const LOOKS = [
  { locale: "en", colorScheme: "light", docs: ["/docs"] },
  { locale: "ko", colorScheme: "dark", viewport: { width: 320, height: 640 } },
];

for (const { docs = [], ...look } of LOOKS) {
  test(`every page in each state is accessible: ${look.locale}, ${look.colorScheme}`, async () => {
    const page = await open(look);
    for (const path of ["/", "/login", "/signup", "/nowhere", "/login?notice=out", ...docs]) {
      await page.goto(SITE + path);
      assert.equal(await page.getAttribute("html", "lang"), look.locale);
      await check(page, path);
    }
    await page.goto(`${SITE}/login`);
    await send(page, "login", { identifier: "", password: "" });
    await check(page, "an empty log-in");
    await send(page, "login", { identifier: "nobody", password: "wrong" });
    await check(page, "a wrong log-in");
    await page.goto(`${SITE}/signup`);
    await send(page, "signup", { username: "k@m", email: "kim@", password: "x" });
    await check(page, "a wrong sign-up");
    await send(page, "signup", { username: newName(), email: "", password: "password" });
    await check(page, "a weak password");

    const username = await signUp(page);
    await check(page, "a new account");
    await page.goto(`${SITE}/login`);
    await check(page, "a log-in of who is logged in");
    const other = await open({ ...look, userAgent: "Mozilla/5.0 (iPhone) Version/17.5 Mobile Safari/604.1" });
    await other.goto(`${SITE}/login`);
    await send(other, "login", { identifier: username, password: PASSWORD });
    await page.goto(`${SITE}/account`);
    assert.equal(await page.locator(".sessions li").count(), 2);
    await page.locator("summary").click();
    await check(page, "an account with sessions");
    for (const [form, fields] of [
      ["profile", { username: "", email: "x" }],
      ["password", { current_password: "wrong", new_password: "x" }],
      ["delete", { current_password: "wrong" }],
    ]) {
      await page.goto(`${SITE}/account`);
      if (form === "delete") await page.locator("summary").click();
      await send(page, form, fields);
      assert.equal(await page.locator("[aria-invalid]").count(), 1);
      await check(page, `a wrong ${form} form`);
    }

    const strict = await open(look);
    await strict.goto(`${STRICT_SITE}/signup`);
    assert.equal(await strict.locator("main form").count(), 0);
    await check(strict, "a closed sign-up");
  });
}

test("a form says what is wrong beside the field, above it, and to who hears it", async () => {
  const page = await open();
  await page.goto(`${SITE}/signup`);
  await send(page, "signup", { username: "k@m", password: "x" });
  assert.match(await page.title(), /^Error: /);
  await hasFocus(page, "faults");
  assert.equal(await page.inputValue("#signup-username"), "k@m");
  assert.equal(await page.inputValue("#signup-password"), "");
  const described = await page.getAttribute("#signup-username", "aria-describedby");
  assert.match(await page.textContent(`#${described}`), /@/);
  await page.locator("#faults a").click();
  await hasFocus(page, "signup-username");
});

test("a keyboard is enough: sign up, account, log out", async () => {
  const page = await open();
  await page.goto(`${SITE}/signup`);
  const focused = () => page.evaluate(() => document.activeElement.id || document.activeElement.textContent.trim());
  const seen = [];
  const tab = async () => {
    await page.keyboard.press("Tab");
    const outline = await page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle);
    seen.push(await focused());
    assert.notEqual(outline, "none", `the focus on ${seen.at(-1)} can be seen`);
  };
  await hasFocus(page, "signup-username");
  await page.keyboard.type(newName());
  await tab();
  await tab();
  await page.keyboard.type(PASSWORD);
  await tab();
  await tab();
  assert.deepEqual(seen, ["signup-email", "signup-password", "Show", "Sign up"]);
  await Promise.all([page.waitForURL("**/account?notice=welcome"), page.keyboard.press("Enter")]);
  seen.length = 0;
  while (seen.at(-1) !== "Log out") await tab();
  assert.deepEqual(seen.slice(0, 1), ["Skip to the content"]);
  await Promise.all([page.waitForURL("**/login?notice=out"), page.keyboard.press("Enter")]);
});

test("without script everything works", async () => {
  const page = await open({ javaScriptEnabled: false });
  const press = (name) => follow(page, `role=button[name="${name}"]`);
  const username = newName();
  await page.goto(`${SITE}/signup?return_to=/account%3Fnotice%3Dwelcome`);
  assert.equal(await page.getByRole("button", { name: "Show the password" }).count(), 0, "a button that does nothing");
  await send(page, "signup", { username, password: "short" });
  assert.match(await page.textContent("#signup-password-wrong"), /8/);
  await send(page, "signup", { password: PASSWORD });
  assert.match(await page.textContent("[role=status]"), /Welcome/);
  await send(page, "profile", { email: `${username}@example.com` });
  assert.equal(await page.inputValue("#profile-email"), `${username}@example.com`);

  const other = await open({ javaScriptEnabled: false });
  await other.goto(`${SITE}/login`);
  await send(other, "login", { identifier: `${username}@example.com`, password: PASSWORD });
  await page.reload();
  await follow(page, "role=button[name=/^End: /]");
  assert.equal(await page.locator(".sessions li").count(), 1);
  await other.goto(`${SITE}/account`);
  assert.equal(new URL(other.url()).pathname, "/login");

  await send(page, "password", { current_password: PASSWORD, new_password: `${PASSWORD} staple` });
  assert.match(await page.textContent("[role=status]"), /password is changed/);
  await press("Log out");
  await send(page, "login", { identifier: username, password: `${PASSWORD} staple` });
  await follow(page, 'role=link[name="한국어"]');
  assert.equal(await page.getAttribute("html", "lang"), "ko");
  await page.locator("summary").click();
  await send(page, "delete", { current_password: `${PASSWORD} staple` });
  assert.match(await page.textContent("[role=status]"), /삭제했습니다/);
  assert.deepEqual(page.wrong, []);
});

test("a password can be shown, pasted and filled in by a manager", async () => {
  const page = await open();
  await page.goto(`${SITE}/login`);
  const field = page.locator("#login-password");
  await page.evaluate(() => document.getElementById("login-password").focus());
  await page.keyboard.insertText(PASSWORD);
  await page.getByRole("button", { name: "Show the password" }).click();
  assert.equal(await field.getAttribute("type"), "text");
  await page.getByRole("button", { name: "Hide the password" }).click();
  assert.equal(await field.getAttribute("type"), "password");
  assert.equal(await field.inputValue(), PASSWORD);
  const names = (selector) => page.locator(selector).evaluateAll((all) => all.map((input) => input.autocomplete));
  assert.deepEqual(await names("main input:not([type=hidden])"), ["username", "current-password"]);
  await signUp(page);
  const expected = ["username", "email", "username", "current-password", "new-password", "username", "current-password"];
  assert.deepEqual(await names("main input:not([type=hidden])"), expected);
  await page.goto(`${SITE}/signup`);
  assert.deepEqual(await names("main input:not([type=hidden])"), ["username", "email", "new-password"]);
});

test("a second click sends nothing", async () => {
  const page = await open();
  await page.goto(`${SITE}/login`);
  const sent = [];
  let answer;
  const clicked = new Promise((resolve) => (answer = resolve));
  await page.route("**/login", async (route) => {
    sent.push(route.request().method());
    await clicked;
    await route.continue();
  });
  await page.fill("#login-identifier", "nobody");
  await page.fill("#login-password", "wrong");
  const { x, y, width, height } = await page.locator("main .button").boundingBox();
  for (let click = 0; click < 3; click++) {
    await page.mouse.click(x + width / 2, y + height / 2);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  answer();
  await page.waitForSelector("#faults");
  assert.deepEqual(sent, ["POST"]);
});

test("who must wait sees the seconds run down", async () => {
  const page = await open();
  await page.goto(`${STRICT_SITE}/login`);
  const seconds = async () => parseInt((await page.textContent("[data-wait]")).match(/\d+/)[0], 10);
  const name = newName();
  // A slow machine earns guesses while it makes them.
  for (let guess = 0; guess < 60 && !(await page.locator("[data-wait]").count()); guess++) {
    await send(page, "login", { identifier: name, password: "wrong" });
  }
  const first = await seconds();
  assert.ok(first >= 1 && first <= 10, `${first}`);
  await check(page, "a throttled log-in");
  await page.waitForFunction((first) => parseInt(document.querySelector("[data-wait]").textContent.match(/\d+/)[0], 10) < first, first);
});

test("whoever dislikes motion sees none", async () => {
  const page = await open({ reducedMotion: "reduce" });
  await page.goto(`${SITE}/login`);
  const moving = await page.evaluate(() =>
    [...document.querySelectorAll("*")].filter((element) => {
      const style = getComputedStyle(element);
      return style.transitionDuration !== "0s" || style.animationName !== "none";
    }).length);
  assert.equal(moving, 0);
});
