import { compactVerify } from "jose";
import { checkTypes, judge, type Claims } from "./claims.ts";
import { strictObject } from "./json.ts";
import type { KeySet } from "./keys.ts";
import { invalid, RefusedError } from "./refused.ts";

/** A token whose signature, issuer, type and structure are right; its age and audience were not judged. */
export interface Genuine {
  claims: Record<string, unknown>;
  kid: string | undefined;
}

/** Verifies an access token (RFC 7519 section 7.2, RFC 8725, RFC 9068 section 4); `now` in seconds. */
export async function verifyToken(token: string, keys: KeySet, issuer: string, audience: readonly string[], now: number) {
  const { claims, kid } = await verifyGenuine(token, "at+jwt", keys, issuer);
  judge(claims, audience, now);
  return { claims: claims as Claims, kid };
}

/** Verifies signature, issuer, type and structure. */
export async function verifyGenuine(token: string, typ: string, keys: KeySet, issuer: string): Promise<Genuine> {
  if (token.length > MAX_TOKEN) throw invalid("too_large", "the token is too long");
  const parts = token.split(".");
  if (parts.length !== 3) throw invalid("malformed", "not three parts");
  const [encodedHeader, encodedPayload, encodedSignature] = parts as [string, string, string];
  const header = strictObject(decode(encodedHeader));
  for (const name of ["alg", "kid", "typ"]) {
    if (name in header && typeof header[name] !== "string") throw invalid("malformed", `${name} is not a string`);
  }
  const { alg, kid, typ: found = "" } = header as { alg?: string; kid?: string; typ?: string };
  if ("crit" in header) throw invalid("critical", "the token demands an extension");
  if (alg === undefined) throw invalid("malformed", "header without alg");
  if (bareType(found) !== bareType(typ)) throw invalid("type", "the token is of another type");
  const key = await keys.find(alg, kid);
  decode(encodedSignature);
  const verified = await compactVerify(token, key.key, { algorithms: key.names }).catch(() => {
    throw invalid("signature", "the signature is wrong");
  });
  decode(encodedPayload);
  const claims = strictObject(verified.payload);
  checkTypes(claims);
  if (!("iss" in claims)) throw invalid("missing_claim", "iss is missing");
  if (claims["iss"] !== issuer) throw invalid("issuer", "the token has another issuer");
  return { claims, kid };
}

/** Base64url without padding, of which each text has one reading (RFC 7515 section 2). */
function decode(text: string): Uint8Array {
  const bytes = Buffer.from(text, "base64url");
  if (bytes.toString("base64url") !== text) throw new RefusedError("token_invalid", "malformed", "not base64url");
  return bytes;
}

function bareType(typ: string): string {
  return typ.toLowerCase().replace(/^application\/(?=[^/]*$)/, "");
}

/** The longest token that is looked at. */
const MAX_TOKEN = 16_384;
