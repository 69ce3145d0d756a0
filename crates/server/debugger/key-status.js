// What a key is, and whether it is good enough, in words.
import { leastBits } from './algorithms.js';
import { fits, published } from './keys.js';

/** @typedef {import('./keys.js').Key} Key */
/** @typedef {import('./keys.js').KeyRing} KeyRing */
/** @typedef {import('./words.js').Words} Words */
/** @typedef {{ text: string, isBad: boolean, half: { pem: string, jwk: string } | null }} Status `half`: what can be given away */

/**
 * @param {KeyRing} ring
 * @param {string} alg
 * @param {Words} words
 * @returns {Promise<Status>}
 */
export async function describe({ kind, keys, skipped }, alg, words) {
  const [key] = keys;
  if (kind === 'jwks') return { text: words.page('key_set', { number: keys.length, skipped }), isBad: keys.length === 0, half: null };
  if (!key) return { text: '', isBad: false, half: null };
  return key.family === 'oct' ? describeSecret(key, alg, words) : describePair(key, alg, words);
}

/**
 * @param {Key} key
 * @param {string} alg
 * @param {Words} words
 * @returns {Status}
 */
function describeSecret({ bits = 0 }, alg, words) {
  const least = leastBits(alg);
  const isShort = bits < least;
  return { text: words.page(isShort ? 'key_short' : 'key_secret', { bits, alg, least }), isBad: isShort, half: null };
}

/**
 * @param {Key} key
 * @param {string} alg
 * @param {Words} words
 * @returns {Promise<Status>}
 */
async function describePair(key, alg, words) {
  const what = words.page(key.isPrivate ? 'key_private' : 'key_public', { family: key.family });
  if (!fits(key, alg)) return { text: `${what}. ${words.page('key_other_family', { alg })}`, isBad: true, half: null };
  const half = await published(key, alg);
  const bits = modulusBits(half?.jwk);
  const isShort = bits < leastBits(alg);
  const text = isShort ? words.page('key_rsa_short', { what, bits }) : what;
  return { text, isBad: isShort, half: key.isPrivate ? half : null };
}

/** @param {string | undefined} jwk */
function modulusBits(jwk) {
  const { n } = /** @type {{ n?: string }} */ (jwk === undefined ? {} : JSON.parse(jwk));
  return n === undefined ? Infinity : Math.trunc((n.length * 3) / 4) * 8;
}
