import { afterAll, beforeAll, expect, test } from "vitest";
import { links } from "../../src/links.ts";
import { tokenry, type Auth } from "../../src/index.ts";
import { PASSWORD, Server } from "../lib/server.ts";

let server: Server;
const opened: Auth[] = [];
beforeAll(async () => {
  server = await Server.start();
});
afterAll(async () => {
  opened.forEach((auth) => auth.close());
  await server.stop();
});

let names = 0;
async function signedUp() {
  const [auth, email] = [client(), `kim${++names}@example.com`];
  await auth.signup({ email, password: PASSWORD });
  return { auth, email, mailed: links(server.url, auth) };
}

function client(): Auth {
  const auth = tokenry(server.url, { storage: "memory" });
  opened.push(auth);
  return auth;
}

/** The token of the newest mail to an address, of which there are then so many. */
async function token(to: string, count: number): Promise<string> {
  for (;;) {
    const answer = await fetch(`${server.url}/dev/outbox`, { headers: { accept: "application/json" } });
    const { mails } = (await answer.json()) as { mails: { to: string; link: string }[] };
    const own = mails.filter((mail) => mail.to === to);
    if (own.length === count) return new URL(own[0]!.link).searchParams.get("token") as string;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

test("who forgot the password sets a new one, and a link works once", async () => {
  const { email, mailed } = await signedUp();
  await mailed.forgot(email);
  await mailed.forgot("nobody@example.com");
  const reset = await token(email, 2);
  await expect(mailed.reset(reset, "12345678")).rejects.toMatchObject({ code: "weak_password", status: 422 });
  await mailed.reset(reset, "seven purple tractors");
  await expect(mailed.reset(reset, "seven purple tractors")).rejects.toMatchObject({ code: "link_used", status: 410 });
  await expect(mailed.reset("guessed", "seven purple tractors")).rejects.toMatchObject({ code: "link_invalid" });
  expect((await client().login(email, "seven purple tractors")).email).toBe(email);
});

test("a link logs in", async () => {
  const { email, mailed } = await signedUp();
  await mailed.login(email);
  const auth = client();
  expect((await auth.loginLink(await token(email, 2))).email).toBe(email);
  expect((await auth.fetch(`${server.url}/v1/me`)).status).toBe(200);
});

test("an address is verified by the session that stays, and the account moves and comes back", async () => {
  const { auth, email, mailed } = await signedUp();
  // A link that is asked for anew before the first was sent takes its place.
  await token(email, 1);
  await mailed.resend();
  await mailed.verify(await token(email, 2));
  const me = async () => (await auth.fetch(`${server.url}/v1/me`)).json();
  expect(await me()).toMatchObject({ email, email_verified: true });
  const moved = `moved${names}@example.com`;
  await expect(mailed.move(moved, "wrong")).rejects.toMatchObject({ code: "invalid_credentials", status: 401 });
  await mailed.move(moved, PASSWORD);
  await mailed.moved(await token(moved, 1));
  await mailed.notMe(await token(email, 3));
});
