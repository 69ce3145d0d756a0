import { TokenryError } from "../errors/error.ts";

/** A token was refused. `code` is what the caller is told, `detail` the exact reason as a stable word for logs. */
export class RefusedError extends TokenryError {
  readonly detail: string;

  constructor(code: RefusalCode, detail: string, message: string) {
    super(code, message, { status: code === "unavailable" ? 503 : 401 });
    this.detail = detail;
  }
}

export type RefusalCode = "token_missing" | "token_invalid" | "token_expired" | "token_revoked" | "unavailable";

/** A refusal for any reason but age. */
export function invalid(detail: string, message: string = detail): RefusedError {
  return new RefusedError("token_invalid", detail, message);
}
