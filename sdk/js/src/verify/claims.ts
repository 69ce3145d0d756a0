import { invalid, RefusedError } from "./refused.ts";

/** What a verified token says. Only the verifier makes it. */
export interface Claims {
  iss: string;
  sub: string;
  aud: string | string[];
  exp: number;
  nbf?: number;
  iat?: number;
  jti?: string;
  sid?: string;
  client_id?: string;
  scope?: string;
  roles?: string[];
  [claim: string]: unknown;
}

/** Checks types and ranges, whatever the values mean. */
export function checkTypes(claims: Record<string, unknown>): void {
  for (const name of ["iss", "sub", "jti", "sid", "client_id", "scope"]) {
    if (name in claims && typeof claims[name] !== "string") throw invalid("invalid_claim", `${name} is not a string`);
  }
  if ("sub" in claims && !/^\P{Cc}+$/u.test(claims["sub"] as string)) throw invalid("invalid_claim", "sub is empty or unprintable");
  if ("aud" in claims && !audiences(claims).every((one) => typeof one === "string")) throw invalid("invalid_claim", "aud is not text");
  for (const name of ["exp", "nbf", "iat"]) {
    if (!(name in claims)) continue;
    const date = claims[name];
    if (typeof date !== "number" || date < 0) throw invalid("invalid_claim", `${name} is no date`);
    if (date > LATEST) throw invalid("milliseconds", `${name} is in milliseconds, a NumericDate is seconds`);
  }
}

/** Judges what depends on place and time; `now` in seconds. */
export function judge(claims: Record<string, unknown>, expected: readonly string[], now: number): asserts claims is Claims {
  if (!("aud" in claims)) throw invalid("missing_claim", "aud is missing");
  if (!audiences(claims).some((one) => expected.includes(one as string))) throw invalid("audience", "the token is for another audience");
  for (const name of ["sub", "exp"]) if (!(name in claims)) throw invalid("missing_claim", `${name} is missing`);
  const { exp, nbf, iat } = claims as unknown as Claims;
  if (now >= exp) throw new RefusedError("token_expired", "expired", "the token expired");
  if (nbf !== undefined && now < nbf) throw invalid("not_yet_valid", "the token is not valid yet");
  if (iat !== undefined && now + CLOCK_SKEW < iat) throw invalid("issued_in_future", "the token was issued in the future");
}

function audiences({ aud }: Record<string, unknown>): unknown[] {
  return Array.isArray(aud) ? aud : [aud];
}

/** The year 5138 in seconds, 1973 in milliseconds. */
const LATEST = 1e11;
/** How far ahead an issuer's clock may be, in seconds. */
const CLOCK_SKEW = 60;
