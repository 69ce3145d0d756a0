import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { keysOf, lookup, type KeySet } from "../../src/verify/keys.ts";
import { RefusedError } from "../../src/verify/refused.ts";
import { verifyGenuine, verifyToken } from "../../src/verify/token.ts";

const read = (name: string) => JSON.parse(readFileSync(new URL(`../../../../vectors/jwt/${name}`, import.meta.url), "utf8"));

async function setOf(jwks: unknown): Promise<KeySet> {
  const keys = await keysOf(jwks);
  return { find: async (alg, kid) => lookup(keys, alg, kid) };
}

const outcome = (error: unknown) => {
  if (!(error instanceof RefusedError)) throw error;
  return { code: error.code, reason: error.detail };
};

const file = read("verify.json");
test.each(file.cases as { name: string; token: string; code: string; reason: string; claims?: unknown }[])(
  "tokens good and bad: $name",
  async ({ token, code, reason, claims }) => {
    const verified = verifyToken(token, await setOf(file.jwks), file.issuer, [file.audience], file.now);
    const result = await verified.then(({ claims }) => ({ code: "ok", reason: "ok", claims }), outcome);
    expect(result).toEqual(claims ? { code, reason, claims } : { code, reason });
  },
);

// A symmetric key is no part of a published set: this verifier takes none.
const rfc = (read("rfc.json").verify as Record<string, string>[]).filter((one) => one["jwk"]);
test.each(rfc)("signatures of the RFCs: $name", async (one) => {
  const { alg } = JSON.parse(Buffer.from((one["token"] as string).split(".")[0] as string, "base64url").toString());
  const set = await setOf({ keys: [{ alg, ...(one["jwk"] as unknown as object) }] });
  const verified = verifyGenuine(one["token"] as string, one["typ"] as string, set, one["issuer"] as string);
  expect(await verified.then(() => "ok", (error) => outcome(error).reason)).toBe(one["outcome"]);
});

test("a symmetric key in a published set is left out", async () => {
  expect(await keysOf({ keys: [{ kty: "oct", k: "AAAA", alg: "HS256", kid: "a" }] })).toEqual([]);
});
