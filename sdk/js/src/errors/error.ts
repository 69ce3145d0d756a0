/** Every error of this package. `code` is stable; `message` is for people. */
export class TokenryError extends Error {
  override readonly name = "TokenryError";
  /** The server's `code`, or one of {@link ClientCode}. */
  readonly code: string;
  /** The HTTP status, where an answer came. */
  readonly status: number | undefined;
  /** Why a session ended: `logout`, `reuse`, `password`, `admin`, `disabled`. */
  readonly reason: string | undefined;
  /** The wrong members of the request, as JSON Pointers. */
  readonly errors: readonly FieldError[];
  /** Milliseconds that the server asks to wait. */
  readonly retryAfter: number | undefined;

  constructor(code: ClientCode | (string & {}), message: string, more: ErrorDetails = {}) {
    super(message, { cause: more.cause });
    this.code = code;
    this.status = more.status;
    this.reason = more.reason;
    this.errors = more.errors ?? [];
    this.retryAfter = more.retryAfter;
  }
}

/** Codes that no server answer carries. */
export type ClientCode =
  /** No answer came: offline, blocked by CORS, connection lost. */
  | "network_error"
  /** No complete answer in time. */
  | "timeout"
  /** The answer is not one of Tokenry's: a captive portal, a proxy's page, a wrong address. */
  | "bad_answer"
  /** The server is there and can't answer now. */
  | "unavailable"
  /** The storage refused to read or write. */
  | "storage_failed"
  /** The session is over; `reason` says why. */
  | "session_ended"
  /** `fetch` was asked to send the token to an origin that is not allowed. */
  | "origin_not_allowed"
  /** The options make no sense. */
  | "invalid_options";

/** A wrong member of a request. */
export interface FieldError {
  pointer: string;
  detail: string;
}

interface ErrorDetails {
  status?: number;
  reason?: string;
  errors?: FieldError[];
  retryAfter?: number;
  cause?: unknown;
}
