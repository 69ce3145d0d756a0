// Verifies a token with jose, knowing the address of the JWKS and nothing else: JWKS_URL ISSUER AUDIENCE, token on stdin.
import { readFileSync } from "node:fs";
import { createRemoteJWKSet, jwtVerify } from "jose";

const [url, issuer, audience] = process.argv.slice(2);
const token = readFileSync(0, "utf8");
const { payload } = await jwtVerify(token, createRemoteJWKSet(new URL(url)), { issuer, audience, typ: "at+jwt" });
console.log(JSON.stringify(payload));
