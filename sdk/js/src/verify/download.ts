import { TokenryError } from "../errors/error.ts";

/** The body of a good answer, of bounded size and in bounded time; no redirect is followed. */
export async function download(url: string, headers: Record<string, string>, most: number): Promise<string> {
  const response = await fetch(url, { headers, redirect: "error", signal: AbortSignal.timeout(TIMEOUT) });
  if (!response.ok || !response.body) throw new TokenryError("bad_answer", `${url} answered ${response.status}`);
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body) {
    size += chunk.length;
    if (size > most) throw new TokenryError("bad_answer", `${url} is larger than it may be`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

const TIMEOUT = 10_000;
