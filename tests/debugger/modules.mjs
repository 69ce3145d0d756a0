// The page's modules and data, from where the binary takes them.
import { readFileSync } from 'node:fs';

const assets = new URL('../../crates/server/debugger/', import.meta.url);

export const modules = (name) => import(new URL(name, assets));
export const read = (name) => JSON.parse(readFileSync(new URL(name, assets), 'utf8'));
export const vectors = (name) => JSON.parse(readFileSync(new URL(`../../vectors/${name}`, import.meta.url), 'utf8'));

const { explanation } = await modules('explain.js');
const { readKeys } = await modules('keys.js');

/** All findings about a token, with a key as the vectors have it. */
export async function explain(token, key, question) {
  const text = key === null ? '' : (key.secret ?? key.pem ?? JSON.stringify(key.jwks));
  const ring = readKeys(text, 'text');
  for (const one of ring.keys) one.alg ??= key.alg;
  return (await explanation(token, ring, question, read('rules.json'))).findings;
}
