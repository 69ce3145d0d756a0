// JWT libraries for Node.js, driven by the measurements: `node ask.js FIXTURE`, then `OPERATION ALGORITHM LIBRARY CALLS`
// a line, answered with nanoseconds for all of the calls, or `-`: not offered.

import { createPrivateKey, createPublicKey, createSecretKey } from "node:crypto";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { createSigner, createVerifier } from "fast-jwt";
import * as jose from "jose";
import jsonwebtoken from "jsonwebtoken";

const fixture = JSON.parse(readFileSync(process.argv[2], "utf8"));
const { issuer, audience, claims } = fixture;

function keys(algorithm) {
  const { private: bytes } = fixture.keys[algorithm];
  const key = Buffer.from(bytes, "base64");
  if (algorithm.startsWith("HS")) {
    return { secret: key, signing: createSecretKey(key), verifying: createSecretKey(key) };
  }
  const signing = createPrivateKey({ key, format: "der", type: "pkcs8" });
  return { signing, verifying: createPublicKey(signing) };
}

const pem = (key) => key.export({ format: "pem", type: key.type === "private" ? "pkcs8" : "spki" });

// Each gives a function of one call, or nothing.
const libraries = {
  "fast-jwt": {
    verify: (algorithm) => fastVerify(algorithm, false),
    sign(algorithm) {
      const { secret, signing } = keys(algorithm);
      const { kid } = fixture.keys[algorithm];
      const key = secret ?? pem(signing);
      const sign = createSigner({ algorithm, key, kid, header: { typ: "at+jwt" }, noTimestamp: true });
      return () => sign({ ...claims });
    },
  },
  "fast-jwt-cached": { verify: (algorithm) => fastVerify(algorithm, true) },
  jose: {
    verify(algorithm) {
      const { verifying } = keys(algorithm);
      const options = { issuer, audience, algorithms: [algorithm], typ: "at+jwt", requiredClaims: ["exp", "sub"] };
      return async (token) => (await jose.jwtVerify(token, verifying, options)).payload.sub;
    },
    sign(algorithm) {
      const { signing } = keys(algorithm);
      const header = { alg: algorithm, kid: fixture.keys[algorithm].kid, typ: "at+jwt" };
      return () => new jose.SignJWT(claims).setProtectedHeader(header).sign(signing);
    },
  },
  jsonwebtoken: {
    verify(algorithm) {
      if (algorithm === "EdDSA") return undefined;
      const { verifying } = keys(algorithm);
      const options = { algorithms: [algorithm], issuer, audience };
      return (token) => jsonwebtoken.verify(token, verifying, options).sub;
    },
    sign(algorithm) {
      if (algorithm === "EdDSA") return undefined;
      const { signing } = keys(algorithm);
      const options = { algorithm, keyid: fixture.keys[algorithm].kid, header: { typ: "at+jwt" } };
      return () => jsonwebtoken.sign({ ...claims }, signing, options);
    },
  },
};

function fastVerify(algorithm, cache) {
  const { secret, verifying } = keys(algorithm);
  const verify = createVerifier({
    key: secret ?? pem(verifying),
    algorithms: [algorithm],
    allowedIss: issuer,
    allowedAud: audience,
    checkTyp: "at+jwt",
    requiredClaims: ["exp", "sub"],
    cache,
  });
  return (token) => verify(token).sub;
}

function prepare(operation, algorithm, library) {
  if (algorithm.startsWith("ML-DSA")) return undefined;
  const call = libraries[library]?.[operation]?.(algorithm);
  return call && { call, tokens: fixture.keys[algorithm].tokens };
}

const ready = new Map();
for await (const line of createInterface({ input: process.stdin })) {
  const [operation, algorithm, library, calls] = line.split(" ");
  const question = `${operation} ${algorithm} ${library}`;
  if (!ready.has(question)) ready.set(question, prepare(operation, algorithm, library));
  const { call, tokens } = ready.get(question) ?? {};
  if (!call) {
    console.log("-");
    continue;
  }
  const started = process.hrtime.bigint();
  for (let at = 0; at < Number(calls); at += 1) {
    const answer = call(tokens[at % tokens.length]);
    if (answer instanceof Promise) await answer;
  }
  console.log(String(process.hrtime.bigint() - started));
}
