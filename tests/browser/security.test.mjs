// What strangers try on the pages.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { test } from "node:test";
import { PASSWORD, SITE, follow, newName, open, send, signUp } from "./browser.mjs";
import { PAYLOADS } from "./payloads.mjs";

/** That the page has shown a text and nothing more. */
async function isCalm(page, where) {
  const strange = await page.evaluate(() => {
    const all = [...document.querySelectorAll("*")];
    const handlers = all.filter((element) => element.getAttributeNames().some((name) => /^(on|style$|srcdoc$)/.test(name)));
    const links = all.filter((element) => /^javascript:/i.test(element.href ?? "") || /^javascript:/i.test(element.action ?? ""));
    const tags = document.querySelectorAll("iframe, object, embed, base, svg, math, video, audio, marquee, select, style");
    const scripts = [...document.scripts].filter((script) => !script.type || script.textContent);
    return [handlers, links, tags, scripts].flatMap((found) => [...found].map((element) => element.outerHTML));
  });
  assert.deepEqual(strange, [], where);
  assert.deepEqual(page.wrong, [], where);
}

test("forty payloads in every field that is shown back run nowhere", async () => {
  assert.ok(PAYLOADS.length >= 40);
  const [login, signup, account] = [await open(), await open(), await open()];
  await signup.goto(`${SITE}/signup`);
  await signUp(account);
  for (const payload of PAYLOADS) {
    const query = new URLSearchParams({ return_to: payload, notice: payload, lang: payload, [payload]: payload });
    await login.goto(`${SITE}/login?${query}`);
    await isCalm(login, `an address with ${payload}`);
    await send(login, "login", { identifier: payload, password: "wrong" });
    await isCalm(login, `a log-in of ${payload}`);
    await send(signup, "signup", { username: `@${payload}`, email: payload, password: "x" });
    await isCalm(signup, `a sign-up of ${payload}`);
    await send(account, "profile", { username: `@${payload}`, email: payload });
    await isCalm(account, `a profile of ${payload}`);
  }
});

test("names and devices that are payloads are kept and shown as text", async () => {
  let kept = 0;
  const page = await open();
  for (const payload of PAYLOADS) {
    await page.context().clearCookies();
    await page.context().setExtraHTTPHeaders({ "user-agent": payload.replace(/[^ -~]/g, "") });
    const username = payload.replace(/[\s@\u0000]/g, "").slice(0, 40) + newName();
    await page.goto(`${SITE}/signup`);
    await send(page, "signup", { username, password: PASSWORD });
    if (new URL(page.url()).pathname === "/account") {
      kept += 1;
      assert.equal(await page.textContent(".lead"), username.normalize("NFC"));
      await isCalm(page, `an account of ${payload}`);
    }
  }
  assert.ok(kept >= 30, `${kept} accounts`);
});

test("a form of another page has no effect", async () => {
  const fields = { "/login": ["identifier", "password"], "/account": ["action"] };
  const kim = await open();
  const username = await signUp(kim);
  const values = { identifier: username, password: PASSWORD, action: "log_out" };
  const input = (name) => `<input name="${name}" value="${values[name]}">`;
  const server = createServer((request, response) => {
    const path = request.url;
    response.setHeader("content-type", "text/html");
    response.end(`<form method="post" action="${SITE}${path}">${fields[path]?.map(input).join("")}<button>x</button></form>`);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  try {
    // By its name the stranger is another site, by its number the same site and another origin.
    for (const host of ["localhost", "127.0.0.1"]) {
      for (const path of Object.keys(fields)) {
        const stranger = await open();
        for (const page of [kim, stranger]) {
          await page.goto(`http://${host}:${server.address().port}${path}`);
          const answer = await follow(page, "button");
          assert.equal(answer.status(), 403, `${host} ${path}`);
        }
        await kim.goto(`${SITE}/account`);
        assert.equal(new URL(kim.url()).pathname, "/account", "still logged in");
        await stranger.goto(`${SITE}/account`);
        assert.equal(new URL(stranger.url()).pathname, "/login", "not logged in by a stranger");
      }
    }
  } finally {
    server.closeAllConnections();
    server.close();
  }
});

test("a log-in leads to no other origin", async () => {
  const page = await open();
  const identifier = await signUp(page);
  for (const asked of ["//evil.example", "https://evil.example/", "/\\evil.example", "/%5cevil.example", "/..//evil.example",
    "javascript:alert(1)", "/\t/evil.example", "\\/\\/evil.example", "/%2f/evil.example"]) {
    await page.goto(`${SITE}/login?${new URLSearchParams({ return_to: asked })}`);
    await send(page, "login", { identifier, password: PASSWORD });
    assert.equal(page.url(), `${SITE}/account`, asked);
  }
  await page.goto(`${SITE}/login?${new URLSearchParams({ return_to: "/docs#top" })}`);
  await send(page, "login", { identifier, password: PASSWORD });
  assert.equal(page.url(), `${SITE}/docs#top`);
  assert.deepEqual(page.wrong, []);
});
