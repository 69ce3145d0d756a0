import { invalid } from "./refused.ts";

/** Reads a JSON object that has one reading only: no duplicate members, no lone surrogates, bounded depth, finite numbers. */
export function strictObject(bytes: Uint8Array): Record<string, unknown> {
  let text: string;
  let value: unknown;
  try {
    // A byte order mark is no JSON (RFC 8259 section 8.1), and must not be skipped.
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    value = JSON.parse(text);
  } catch {
    throw invalid("malformed", "not JSON in UTF-8");
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw invalid("malformed", "not a JSON object");
  check(value, 1);
  if (members(text) !== count(value)) throw invalid("malformed", "duplicate member");
  return value as Record<string, unknown>;
}

function check(value: unknown, depth: number): void {
  if (typeof value === "number" && !Number.isFinite(value)) throw invalid("malformed", "number out of range");
  if (typeof value === "string" && hasLoneSurrogate(value)) throw invalid("malformed", "lone surrogate");
  if (typeof value !== "object" || value === null) return;
  if (depth > MAX_DEPTH) throw invalid("malformed", "nested too deeply");
  for (const [name, member] of Object.entries(value)) {
    if (hasLoneSurrogate(name)) throw invalid("malformed", "lone surrogate");
    check(member, depth + 1);
  }
}

/** The members in a text that is known to be JSON: each has one colon outside of strings. */
function members(text: string): number {
  return text.replace(/"(?:[^"\\]|\\.)*"/g, "").split(":").length - 1;
}

/** The members that are left of them once read: duplicates have become one. */
function count(value: unknown): number {
  if (typeof value !== "object" || value === null) return 0;
  const inner = Object.values(value);
  return inner.reduce((sum, member) => sum + count(member), Array.isArray(value) ? 0 : inner.length);
}

function hasLoneSurrogate(text: string): boolean {
  return /\p{Surrogate}/u.test(text);
}

/** Containers within containers, the outermost counted; as in the Rust verifier. */
const MAX_DEPTH = 16;
