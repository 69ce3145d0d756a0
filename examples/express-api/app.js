// A service that verifies Tokenry's tokens by itself: two lines for the guard, one for who calls.
import express from "express";
import { guard } from "tokenry/verify";

export function app(issuer = "http://127.0.0.1:7519", audience = issuer) {
  const app = express();
  const tokens = guard(issuer, audience);
  app.use(tokens.express());
  app.get("/orders", (request, response) => {
    response.json({ owner: tokens.claims(request).sub, orders: [] });
  });
  return { app, close: tokens.close };
}
