import { TokenryError, type FieldError } from "../errors/error.ts";
import type { User } from "../session/user.ts";

/** Calls of one Tokenry server. */
export interface Api {
  base: string;
  send(path: string, call: Call): Promise<Record<string, unknown>>;
}

interface Call {
  body?: Record<string, unknown>;
  /** GET without it is the default where there is no body. */
  method?: string;
  key?: string | undefined;
  cookie?: boolean;
  /** The page may be left before the answer comes. */
  keepalive?: boolean;
}

/** A token pair as it comes over the wire. */
export interface Pair {
  access_token: string;
  refresh_token: string;
  session_id: string;
  expires_in: number;
  server_time: number;
  user?: User;
}

export function api(base: string, fetch: typeof globalThis.fetch, timeout: number): Api {
  return {
    base,
    async send(path, { body, method = body ? "POST" : "GET", key, cookie, keepalive = false }) {
      const headers: Record<string, string> = { Accept: "application/json" };
      if (body) headers["Content-Type"] = "application/json";
      if (key) headers["Idempotency-Key"] = key;
      const abort = new AbortController();
      const timer = setTimeout(() => abort.abort(), timeout);
      let response: Response;
      let text: string;
      try {
        response = await fetch(base + path, {
          method,
          headers,
          keepalive,
          signal: abort.signal,
          cache: "no-store",
          credentials: cookie ? "include" : "omit",
          ...(body && { body: JSON.stringify(body) }),
        });
        text = await response.text();
      } catch (cause) {
        throw abort.signal.aborted
          ? new TokenryError("timeout", `${base} did not answer within ${timeout} ms`, { cause })
          : new TokenryError("network_error", `${base} can't be reached`, { cause });
      } finally {
        clearTimeout(timer);
      }
      const answer = parse(text);
      if (response.ok && (answer || response.status === 204 || response.status === 202)) return answer ?? {};
      throw problem(response, answer);
    },
  };
}

/** The pair in an answer. */
export function pairOf(answer: Record<string, unknown>): Pair {
  const { access_token, refresh_token, session_id, expires_in, server_time } = answer;
  const texts = [access_token, refresh_token, session_id].every((text) => text && typeof text === "string");
  if (!texts || !((expires_in as number) > 0) || !Number.isFinite(expires_in) || !Number.isFinite(server_time)) {
    throw new TokenryError("bad_answer", "the answer holds no token pair");
  }
  return answer as unknown as Pair;
}

function parse(text: string): Record<string, unknown> | undefined {
  if (text.length > LONGEST) return undefined;
  try {
    const value = JSON.parse(text);
    return typeof value === "object" && value && !Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** The error that an answer is. */
export function problem({ status, headers }: Response, answer: Record<string, unknown> = {}): TokenryError {
  const { code, detail, reason, errors } = answer;
  const wait = Number(headers.get("Retry-After"));
  const ours = typeof code === "string" && answer.status === status;
  const retry = wait > 0 ? { retryAfter: Math.min(wait, 3600) * 1000 } : {};
  if (!ours) {
    return status >= 500 || status === 429
      ? new TokenryError(status === 429 ? "rate_limited" : "unavailable", `the server answered ${status}`, { status, ...retry })
      : new TokenryError("bad_answer", `the server answered ${status}, and not as Tokenry does`, { status });
  }
  return new TokenryError(code, typeof detail === "string" ? detail : code, {
    status,
    ...retry,
    ...(typeof reason === "string" && { reason }),
    ...(Array.isArray(errors) && { errors: errors as FieldError[] }),
  });
}

/** No answer of Tokenry is longer, in characters. */
const LONGEST = 262_144;
