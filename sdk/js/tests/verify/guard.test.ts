import { createServer, type Server as Http } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeAll, expect, test } from "vitest";
import { app as example } from "../../../../examples/express-api/app.js";
import { tokenry, type Auth } from "../../src/index.ts";
import { guard, type Guard } from "../../src/verify.ts";
import { PASSWORD, Server } from "../lib/server.ts";
import express from "express";
import fastify from "fastify";

let server: Server;
beforeAll(async () => {
  server = await Server.start();
  return () => server.stop();
});

const cleanup: (() => unknown)[] = [];
afterEach(async () => {
  for (const undo of cleanup.splice(0).reverse()) await undo();
});

let names = 0;
async function loggedIn(): Promise<{ auth: Auth; token: string }> {
  let token = "";
  const spy: typeof fetch = async (input, init) => {
    const answer = await fetch(input, init);
    const body = (await answer.clone().json().catch(() => ({}))) as { access_token?: string };
    token = body.access_token ?? token;
    return answer;
  };
  const auth = tokenry(server.url, { storage: "memory", fetch: spy });
  cleanup.push(() => auth.close());
  await auth.signup({ username: `lee${++names}`, password: PASSWORD });
  return { auth, token };
}

function guarding(issuer = server.url, options = {}): Guard {
  const made = guard(issuer, server.url, options);
  cleanup.push(() => made.close());
  return made;
}

async function listening(http: Http): Promise<string> {
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  cleanup.push(() => (http.closeAllConnections(), new Promise((resolve) => http.close(resolve))));
  return `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
}

async function until(condition: () => Promise<boolean> | boolean): Promise<void> {
  const end = Date.now() + 15_000;
  while (!(await condition())) {
    if (Date.now() > end) throw new Error("it did not happen within 15 s");
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

const get = (url: string, token?: string) => fetch(url, token ? { headers: { Authorization: `Bearer ${token}` } } : {});

test("express in three lines: who sends a good token is known, anyone else is challenged", async () => {
  const { token } = await loggedIn();
  const made = guarding();
  const app = express();
  app.use(made.express());
  app.get("/", (request, response) => void response.json(made.claims(request)));
  const url = await listening(createServer(app));
  const good = await get(url, token);
  expect(good.status).toBe(200);
  expect(((await good.json()) as { iss: string }).iss).toBe(server.url);
  const none = await get(url);
  expect([none.status, none.headers.get("WWW-Authenticate")]).toEqual([401, 'Bearer realm="tokenry"']);
  const bad = await get(url, `${token}A`);
  expect(bad.status).toBe(401);
  expect(bad.headers.get("Content-Type")).toBe("application/problem+json");
  expect(bad.headers.get("WWW-Authenticate")).toContain('error="invalid_token"');
  expect(await bad.json()).toMatchObject({ code: "token_invalid", status: 401 });
});

test("fastify in three lines", async () => {
  const { token } = await loggedIn();
  const made = guarding();
  const app = fastify();
  app.addHook("onRequest", made.fastify());
  app.get("/", async (request) => made.claims(request).sub);
  const headers = { authorization: `Bearer ${token}` };
  expect((await app.inject({ url: "/", headers })).statusCode).toBe(200);
  const none = await app.inject({ url: "/" });
  expect([none.statusCode, none.json().code]).toEqual([401, "token_missing"]);
});

test("the example answers whoever is logged in", async () => {
  const { auth, token } = await loggedIn();
  const { app, close } = example(server.url, server.url);
  cleanup.push(close);
  const url = await listening(createServer(app));
  expect(await (await get(`${url}/orders`, token)).text()).toContain(auth.user?.id);
  expect((await get(`${url}/orders`)).status).toBe(401);
});

test("a log-out reaches a service that verifies alone", async () => {
  const { auth, token } = await loggedIn();
  const made = guarding();
  await until(() => made.freshness === "fresh");
  await made.verify(token);
  const started = Date.now();
  await auth.logout();
  await until(() => made.verify(token).then(() => false, (error) => error.code === "token_revoked"));
  expect(Date.now() - started).toBeLessThan(5000);
  // One that begins later learns it from the snapshot.
  const late = guarding();
  await until(() => late.freshness === "fresh");
  await expect(late.verify(token)).rejects.toMatchObject({ code: "token_revoked" });
});

/** What stands between issuer and service, and changes what passes. */
async function proxy(change: (path: string, text: string) => string): Promise<string> {
  return listening(
    createServer(async (request, response) => {
      const stop = new AbortController();
      response.on("close", () => stop.abort());
      try {
        const headers = { Accept: request.headers.accept ?? "*/*" };
        const answer = await fetch(server.url + request.url, { headers, signal: stop.signal });
        response.writeHead(answer.status, { "Content-Type": answer.headers.get("Content-Type") ?? "" });
        const kind = request.headers.accept === "text/event-stream" ? "stream" : (request.url ?? "");
        for await (const chunk of answer.body ?? []) response.write(change(kind, Buffer.from(chunk).toString()));
        response.end();
      } catch {
        response.destroy();
      }
    }),
  );
}

test("a proxy that leaves a revocation out, or alters one, is noticed", async () => {
  await (await loggedIn()).auth.logout();
  const { Feed } = await import("../../src/verify/feed.ts");
  const { IssuerKeys } = await import("../../src/verify/keys.ts");
  const changes: ((path: string, text: string) => string)[] = [
    (path, text) => (path === "/v1/revocations" ? text.replace(/"entries":\[.*?\]/, '"entries":[]') : text),
    (path, text) => (path === "/v1/revocations" ? text.replace(/"value":"./, '"value":"_') : text),
    (path, text) => (path === "/v1/revocations" ? text.replace(/"until":1/, '"until":2') : text),
    (path, text) => (path === "/v1/revocations" ? "<html>" : text),
  ];
  for (const change of changes) {
    const through = await proxy(change);
    // The feed's address is the issuer's: the proxy stands in front of it.
    const feed = new Feed(server.url, new IssuerKeys(server.url), undefined, `${through}/v1/revocations`);
    cleanup.push(() => feed.close());
    await until(() => feed.error !== undefined);
    expect(feed.freshness.now).toBe("cold");
    expect(feed.revocations.size).toBe(0);
  }
});

test("a policy of refusing answers 503 until revocations are known", async () => {
  const { token } = await loggedIn();
  const made = guarding(server.url, { cold: "refuse", stale: "refuse" });
  await expect(made.verify(token)).rejects.toMatchObject({ code: "unavailable", status: 503 });
  await until(() => made.verify(token).then(() => true, () => false));
  await server.kill();
  await until(() => made.freshness === "stale");
  await expect(made.verify(token)).rejects.toMatchObject({ code: "unavailable" });
  await server.resume();
  await until(() => made.verify(token).then(() => true, () => false));
}, 60_000);

test("without the issuer's keys nothing is accepted, and the answer is not the caller's fault", async () => {
  const { token } = await loggedIn();
  const made = guard("http://127.0.0.1:9", server.url, { feed: false });
  await expect(made.verify(token)).rejects.toMatchObject({ code: "unavailable" });
});

test("settings that make no sense are refused", () => {
  expect(() => guard("auth.example.com", "orders")).toThrow(/issuer/);
  expect(() => guard("https://auth.example.com/", "orders")).toThrow(/issuer/);
  expect(() => guard("https://auth.example.com", [])).toThrow(/audience/);
});
