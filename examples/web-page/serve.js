// The page and the service that it calls, at one address: `npm start`, then http://127.0.0.1:3000.
import { fileURLToPath } from "node:url";
import express from "express";
import { guard } from "tokenry/verify";

const issuer = process.env.TOKENRY_ISSUER ?? "http://127.0.0.1:7519";
const folder = (url) => express.static(fileURLToPath(new URL(".", url)));

const site = express();
site.use(folder(import.meta.resolve("./page/index.html")));
site.use("/tokenry", folder(import.meta.resolve("tokenry")));

const tokens = guard(issuer, issuer);
site.use(tokens.express());
site.get("/orders", (request, response) => {
  response.json({ owner: tokens.claims(request).sub, orders: [] });
});

const server = site.listen(Number(process.env.PORT ?? 3000), "127.0.0.1", () => {
  console.log(`http://127.0.0.1:${server.address().port}`);
});
