import { TokenryError } from "../errors/error.ts";

/** Whether the server said that the session is over for good. Anything else is no reason to log out. */
export function isDefinitive(error: unknown): boolean {
  return error instanceof TokenryError && error.status === 401 && DEFINITIVE.includes(error.code);
}

/** Why a session ended, in the words of the wire where it gives them. */
export function reasonOf({ reason, code }: TokenryError): string {
  return reason ?? REASONS[code] ?? code;
}

export function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

const DEFINITIVE = ["token_revoked", "refresh_reused", "refresh_expired", "refresh_invalid"];
const REASONS: Record<string, string> = { refresh_reused: "reuse", refresh_expired: "expired", refresh_invalid: "invalid" };
