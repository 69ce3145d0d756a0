// `GET /orders` on Fastify and fast-jwt: `node serve.js FIXTURE ALGORITHM [cached]`. Prints the port.

import { createPrivateKey, createPublicKey } from "node:crypto";
import { readFileSync } from "node:fs";
import { createVerifier } from "fast-jwt";
import fastify from "fastify";

const [path, algorithm, cached] = process.argv.slice(2);
const { issuer, audience, keys } = JSON.parse(readFileSync(path, "utf8"));
const bytes = Buffer.from(keys[algorithm].private, "base64");
const verify = createVerifier({
  key: algorithm.startsWith("HS")
    ? bytes
    : createPublicKey(createPrivateKey({ key: bytes, format: "der", type: "pkcs8" })).export({ format: "pem", type: "spki" }),
  algorithms: [algorithm],
  allowedIss: issuer,
  allowedAud: audience,
  checkTyp: "at+jwt",
  requiredClaims: ["exp", "sub"],
  cache: cached === "cached",
});

const application = fastify();
application.get("/orders", (request, reply) => {
  const header = request.headers.authorization ?? "";
  try {
    reply.send(`hello ${verify(header.slice("Bearer ".length)).sub}`);
  } catch {
    reply.code(401).send("");
  }
});
await application.listen({ host: "127.0.0.1", port: 0 });
console.log(application.server.address().port);
