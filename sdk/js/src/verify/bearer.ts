import { STATUS_CODES } from "node:http";
import { invalid, RefusedError } from "./refused.ts";

/** The token of the `Authorization` header (RFC 6750 section 2.1). */
export function bearer(headers: Record<string, string | string[] | undefined>): string {
  const header = headers["authorization"];
  if (header === undefined) throw new RefusedError("token_missing", "missing", "send a token: Authorization: Bearer ...");
  const [, token] = (typeof header === "string" && /^bearer +([a-z0-9\-._~+/]+=*) *$/i.exec(header)) || [];
  if (!token) throw invalid("malformed", "the Authorization header is not: Bearer TOKEN");
  return token;
}

/** A refusal as problem+json (RFC 9457) with a bearer challenge (RFC 6750 section 3). */
export function problem(error: unknown) {
  if (!(error instanceof RefusedError)) return undefined;
  const { code, message } = error;
  const status = error.status as number;
  const headers: Record<string, string> = { "Content-Type": "application/problem+json", "Cache-Control": "no-store" };
  if (status === 503) headers["Retry-After"] = "1";
  // No error code when the request had no token (RFC 6750 section 3.1).
  const why = code === "token_missing" ? "" : `, error="invalid_token", error_description="${message}"`;
  if (status === 401) headers["WWW-Authenticate"] = `Bearer realm="tokenry"${why}`;
  const body = JSON.stringify({ type: "about:blank", title: STATUS_CODES[status], status, detail: message, code });
  return { status, headers, body };
}
