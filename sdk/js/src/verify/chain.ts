import { createHash } from "node:crypto";
import { TokenryError } from "../errors/error.ts";

/** An entry of the feed. */
export interface Revocation {
  seq: number;
  tag: string;
  kind: string;
  value: string;
  before?: number;
  until: number;
}

/** What is known of the feed: its newest entry and the digest over all of them. */
export interface Place {
  seq: number;
  tag: string;
  digest: Buffer;
}

/** The entry in a text. */
export function revocationOf(value: unknown): Revocation {
  const entry = value as Revocation;
  const numbers = [entry?.seq, entry?.until, entry?.before ?? 0].every((number) => Number.isSafeInteger(number) && number >= 0);
  const texts = [entry?.kind, entry?.value].every((text) => typeof text === "string" && text.length <= 1024);
  if (!numbers || !texts || !/^[0-9a-f]{16}$/.test(entry.tag)) throw new TokenryError("bad_answer", "an entry is malformed");
  return entry;
}

/** The place after one more entry. */
export function after({ seq, digest }: Place, entry: Revocation): Place {
  if (entry.seq <= seq) throw new TokenryError("bad_answer", "an entry came again, or out of order");
  const numbers = Buffer.alloc(32);
  numbers.writeBigUInt64BE(BigInt(entry.seq), 0);
  numbers.writeBigUInt64BE(BigInt(`0x${entry.tag}`), 8);
  numbers.writeBigUInt64BE(BigInt(entry.before ?? 0), 16);
  numbers.writeBigUInt64BE(BigInt(entry.until), 24);
  const next = createHash("sha256").update(digest).update(numbers).update(`${entry.kind}:${entry.value}`).digest();
  return { seq: entry.seq, tag: entry.tag, digest: next };
}
