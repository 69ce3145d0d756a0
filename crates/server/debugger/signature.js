// Signing, verifying, and what can be told of a signature that does not fit.
import { family, parameters } from './algorithms.js';
import { decode, encode } from './base64url.js';
import { KeyError, cryptography, fits, importKey, secretKey } from './keys.js';
import { member } from './json.js';
import { finding } from './token.js';

/** @typedef {import('./claims.js').Rules} Rules */
/** @typedef {import('./keys.js').Key} Key */
/** @typedef {import('./keys.js').KeyRing} KeyRing */
/** @typedef {import('./token.js').Finding} Finding */
/** @typedef {import('./token.js').Members} Members */
/** @typedef {{ findings: Finding[], verdict: 'good' | 'bad' | 'open', reason: Finding | null }} Judgement */

/**
 * Whether the signature is the key's, and what can be told when it is not.
 * @param {string[]} parts
 * @param {Members} header
 * @param {KeyRing} ring
 * @param {Rules} rules
 * @returns {Promise<Judgement>}
 */
export async function judgeSignature(parts, header, ring, rules) {
  const findings = judgeLength(parts[2] ?? '', member(header, 'alg'), rules);
  const broken = findings.length > 0;
  const secret = await weakSecret(parts, header, rules);
  if (secret !== null) findings.push(finding('weak_secret', { secret: { quoted: secret } }));
  const found = await judgeKeys(parts, header, ring, broken);
  findings.push(...found);
  const bad = findings.find(({ id }) => id !== 'weak_secret' && id !== 'no_keys' && id !== 'signature_good');
  const has = (/** @type {string} */ wanted) => findings.some(({ id }) => id === wanted);
  const alg = member(header, 'alg');
  const isKnown = typeof alg === 'string' && parameters(alg) !== undefined;
  const verdict = has('signature_good') && !broken ? 'good' : has('no_keys') && !bad && isKnown ? 'open' : 'bad';
  return { findings, verdict, reason: bad ?? null };
}

/**
 * Signs what stands encoded before the signature.
 * @param {string} signed header, dot and payload
 * @param {Key} key
 * @param {string} alg
 */
export async function sign(signed, key, alg) {
  const imported = await importKey(key, alg, 'sign');
  const wanted = /** @type {import('./algorithms.js').Parameters} */ (parameters(alg));
  const signature = await cryptography().sign(wanted, imported, new TextEncoder().encode(signed));
  return encode(new Uint8Array(signature));
}

/**
 * @param {string[]} parts
 * @param {Key} key
 * @param {string} alg
 * @returns {Promise<boolean>}
 */
export async function verify(parts, key, alg) {
  const signature = decode(parts[2] ?? '');
  const wanted = parameters(alg);
  if ('fault' in signature || !wanted) return false;
  const imported = await importKey(key, alg, 'verify');
  return cryptography().verify(wanted, imported, signature.bytes, new TextEncoder().encode(`${parts[0]}.${parts[1]}`));
}

/**
 * The key that must have signed a token with this header, as the verifier looks it up.
 * @param {KeyRing} ring
 * @param {string} alg
 * @param {unknown} kid
 * @returns {Key | 'unknown' | 'algorithm'}
 */
export function lookUp({ keys }, alg, kid) {
  const [only] = keys;
  const fitting = keys.filter((key) => fits(key, alg));
  let key;
  if (typeof kid !== 'string') key = fitting.length === 1 ? fitting[0] : undefined;
  else key = keys.length === 1 && only?.kid === undefined ? only : keys.find((one) => one.kid === kid);
  if (!key) return 'unknown';
  return fits(key, alg) ? key : 'algorithm';
}

/**
 * @param {string[]} parts
 * @param {Members} header
 * @param {KeyRing} ring
 * @param {boolean} broken whether it is known already that the signature can't be one
 * @returns {Promise<Finding[]>}
 */
async function judgeKeys(parts, header, ring, broken) {
  if (ring.kind === 'none') return [finding('no_keys')];
  const [alg, kid] = [member(header, 'alg'), member(header, 'kid')];
  if (typeof alg !== 'string' || !parameters(alg)) return [];
  if (family(alg) === 'oct' && ring.keys.length > 0 && ring.keys.every((key) => key.family !== 'oct')) {
    return [finding('confusion', { alg }), ...(await judgeForgery(parts, ring, alg))];
  }
  // A verifier that does not know an extension stops there; so does one that can't read the names.
  if (Object.hasOwn(header, 'crit') || ['kid', 'typ'].some((name) => typeof (member(header, name) ?? '') !== 'string')) {
    return [];
  }
  const key = lookUp(ring, alg, kid);
  const known = { listed: ring.keys.flatMap((one) => (one.kid === undefined ? [] : [one.kid])) };
  if (key === 'algorithm') return [finding('key_algorithm', { alg })];
  if (key === 'unknown') {
    return [typeof kid === 'string' ? finding('unknown_key', { kid: { quoted: kid }, known }) : finding('no_key_without_kid', { known })];
  }
  if (await verify(parts, key, alg)) return [finding('signature_good')];
  return broken ? [] : [finding('signature')];
}

/**
 * Whether a public key's text served as the secret (RFC 8725 section 2.1).
 * @param {string[]} parts
 * @param {KeyRing} ring
 * @param {string} alg
 */
async function judgeForgery(parts, ring, alg) {
  if (ring.kind !== 'pem') return [];
  for (const text of new Set([ring.text, `${ring.text.trim()}\n`, ring.text.trim()])) {
    if (await verify(parts, secretKey(new TextEncoder().encode(text)), alg)) return [finding('forged')];
  }
  return [];
}

/**
 * A signature that can't be one of its algorithm.
 * @param {string} signature
 * @param {unknown} alg
 * @param {Rules} rules
 * @returns {Finding[]}
 */
function judgeLength(signature, alg, rules) {
  if (signature === '') return [finding('signature_empty')];
  /** @type {Record<string, number>} */
  const sizes = rules.signature_bytes;
  const expected = typeof alg === 'string' && Object.hasOwn(sizes, alg) ? sizes[alg] : undefined;
  const bytes = Math.trunc((signature.length * 3) / 4);
  if (typeof alg !== 'string' || expected === undefined || bytes === expected) return [];
  // A DER sequence begins with the byte 0x30, which base64url writes as M and one of A to P.
  if (alg.startsWith('ES') && /^M[A-P]/.test(signature)) return [finding('signature_der', { half: expected / 2 })];
  return [finding('signature_length', { bytes, alg, expected })];
}

/**
 * A secret that is in every guesser's list, if the token was signed with one.
 * @param {string[]} parts
 * @param {Members} header
 * @param {Rules} rules
 * @returns {Promise<string | null>}
 */
async function weakSecret(parts, header, rules) {
  const alg = member(header, 'alg');
  if (typeof alg !== 'string' || family(alg) !== 'oct' || Object.hasOwn(header, 'crit')) return null;
  for (const secret of rules.weak_secrets) {
    try {
      if (await verify(parts, secretKey(new TextEncoder().encode(secret)), alg)) return secret;
    } catch (error) {
      if (error instanceof KeyError) return null;
      throw error;
    }
  }
  return null;
}
