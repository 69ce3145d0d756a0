// Keys as people have them: a secret, PEM, a JWK, a JWK Set.
import { family, parameters } from './algorithms.js';
import { decode, encode } from './base64url.js';
import { member, readObject } from './json.js';
import { identifiers, keyOfCertificate, readPem, wrapEc, wrapRsa, writePem } from './pem.js';

/** @typedef {import('./algorithms.js').Family} Family */
/**
 * @typedef {object} Key
 * @property {Family} family
 * @property {string | undefined} kid
 * @property {string | undefined} alg the one algorithm, where the key names it
 * @property {boolean} isPrivate whether it can sign
 * @property {'raw' | 'spki' | 'pkcs8' | 'jwk'} format
 * @property {Uint8Array<ArrayBuffer> | JsonWebKey} data
 * @property {number | undefined} bits the size, for families of several sizes
 */
/** @typedef {{ kind: 'none' | 'secret' | 'pem' | 'certificate' | 'jwk' | 'jwks', keys: Key[], skipped: number, text: string }} KeyRing */

/** Why a text is no key: the name of what the page says. */
export class KeyError extends Error {}

/**
 * @param {string} text
 * @param {'text' | 'base64url'} encoding how a secret is written
 * @returns {KeyRing}
 */
export function readKeys(text, encoding) {
  if (text.length > MOST_TEXT) throw new KeyError('key_too_long');
  const trimmed = text.trim();
  if (text === '') return { kind: 'none', keys: [], skipped: 0, text };
  if (trimmed.includes('-----BEGIN ')) return readBlock(text);
  if (trimmed.startsWith('{')) return readJson(text);
  return { kind: 'secret', keys: [secretKey(secretBytes(text, encoding))], skipped: 0, text };
}

/**
 * Whether the key can belong to a token of that algorithm.
 * @param {Key} key
 * @param {string} alg
 */
export function fits(key, alg) {
  const same = (/** @type {string} */ name) => (name === 'Ed25519' ? 'EdDSA' : name);
  return key.alg === undefined ? key.family === family(alg) : same(key.alg) === same(alg);
}

/**
 * The key for one use, or nothing when the browser can't make it.
 * @param {Key} key
 * @param {string} alg
 * @param {'sign' | 'verify'} use
 * @returns {Promise<CryptoKey>}
 */
export async function importKey(key, alg, use) {
  const wanted = parameters(alg);
  if (!wanted || family(alg) !== key.family) throw new KeyError('key_other_family');
  const subtle = cryptography();
  try {
    if (key.format === 'raw') {
      return await subtle.importKey('raw', /** @type {Uint8Array<ArrayBuffer>} */ (key.data), wanted, false, [use]);
    }
    if (use === 'sign' || !key.isPrivate) return await importAs(key, wanted, use);
    return await publicHalf(key, wanted);
  } catch (error) {
    if (error instanceof KeyError) throw error;
    const missing = error instanceof DOMException && error.name === 'NotSupportedError';
    throw new KeyError(missing ? 'browser_lacks' : 'key_broken');
  }
}

/**
 * A new key as text: a secret, or a private key in PEM with its public half.
 * @param {string} alg
 */
export async function generate(alg) {
  const wanted = parameters(alg);
  if (!wanted) throw new KeyError('key_other_family');
  const subtle = cryptography();
  if (wanted.name === 'HMAC') {
    return encode(crypto.getRandomValues(new Uint8Array(Number(alg.slice(2)) / 8)));
  }
  const rsa = wanted.name.startsWith('RSA') ? { modulusLength: 2048, publicExponent: Uint8Array.of(1, 0, 1) } : {};
  try {
    const made = await subtle.generateKey({ ...wanted, ...rsa }, true, ['sign', 'verify']);
    if (!('privateKey' in made)) throw new KeyError('key_broken');
    return writePem('PRIVATE KEY', await subtle.exportKey('pkcs8', made.privateKey));
  } catch {
    throw new KeyError('browser_lacks');
  }
}

/**
 * The public half, to give away.
 * @param {Key} key
 * @param {string} alg
 * @returns {Promise<{ pem: string, jwk: string } | null>}
 */
export async function published(key, alg) {
  if (key.format === 'raw') return null;
  const wanted = parameters(alg);
  if (!wanted || family(alg) !== key.family) return null;
  const imported = key.isPrivate ? await publicHalf(key, wanted) : await importAs(key, wanted, 'verify');
  const jwk = await cryptography().exportKey('jwk', imported);
  const { kty, crv, x, y, n, e } = jwk;
  const named = { kty, crv, x, y, n, e, kid: key.kid, alg, use: 'sig' };
  const pem = writePem('PUBLIC KEY', await cryptography().exportKey('spki', imported));
  return { pem, jwk: JSON.stringify(named, null, 2) };
}

/** @returns {SubtleCrypto} */
export function cryptography() {
  const subtle = globalThis.crypto?.subtle;
  if (!subtle) throw new KeyError('insecure_context');
  return subtle;
}

/**
 * A public key can be exported again, a private one for its public half.
 * @param {Key} key
 * @param {import('./algorithms.js').Parameters} wanted
 * @param {'sign' | 'verify'} use
 */
function importAs(key, wanted, use) {
  if (key.format === 'jwk') {
    return cryptography().importKey('jwk', /** @type {JsonWebKey} */ (key.data), wanted, true, [use]);
  }
  const data = /** @type {Uint8Array<ArrayBuffer>} */ (key.data);
  return cryptography().importKey(/** @type {'spki' | 'pkcs8'} */ (key.format), data, wanted, true, [use]);
}

/**
 * @param {Key} key
 * @param {import('./algorithms.js').Parameters} wanted
 */
async function publicHalf(key, wanted) {
  const { kty, crv, x, y, n, e } = await cryptography().exportKey('jwk', await importAs(key, wanted, 'sign'));
  const half = Object.fromEntries(Object.entries({ kty, crv, x, y, n, e }).filter(([, value]) => value !== undefined));
  return cryptography().importKey('jwk', half, wanted, true, ['verify']);
}

/**
 * @param {string} text
 * @returns {KeyRing}
 */
function readBlock(text) {
  const block = readPem(text);
  if (!block) throw new KeyError('pem_broken');
  const { label, der } = block;
  try {
    const { format, data } = unwrapped(label, der);
    const found = identifiers(data).map((identifier) => FAMILIES.get(identifier)).find((known) => known !== undefined);
    if (!found) throw new KeyError('key_unknown');
    const key = { family: found, kid: undefined, alg: undefined, isPrivate: format === 'pkcs8', format, data, bits: undefined };
    return { kind: label === 'CERTIFICATE' ? 'certificate' : 'pem', keys: [key], skipped: 0, text };
  } catch (error) {
    throw error instanceof KeyError ? error : new KeyError('pem_broken');
  }
}

/**
 * @param {string} text
 * @returns {KeyRing}
 */
function readJson(text) {
  const read = readObject(text);
  if ('fault' in read) throw new KeyError('jwk_broken');
  const several = member(read.value, 'keys');
  if (several === undefined) return { kind: 'jwk', keys: [jwkKey(read.value)], skipped: 0, text };
  if (!Array.isArray(several)) throw new KeyError('jwk_broken');
  if (several.length > MOST_KEYS) throw new KeyError('key_too_long');
  /** @type {Key[]} */
  const keys = [];
  for (const one of several) {
    try {
      keys.push(jwkKey(one));
    } catch {
      // A set may hold keys of kinds that are not known; they are counted.
    }
  }
  return { kind: 'jwks', keys, skipped: several.length - keys.length, text };
}

/**
 * @param {unknown} jwk
 * @returns {Key}
 */
function jwkKey(jwk) {
  if (typeof jwk !== 'object' || jwk === null) throw new KeyError('jwk_broken');
  const members = /** @type {Record<string, unknown>} */ (jwk);
  /** @type {(name: string) => string | undefined} */
  const text = (name) => {
    const value = member(members, name);
    return typeof value === 'string' && value !== '' ? value : undefined;
  };
  if (text('use') === 'enc') throw new KeyError('key_encryption');
  const [kid, alg, kty, crv] = [text('kid'), text('alg'), text('kty'), text('crv')];
  if (kty === 'oct') {
    const decoded = decode(text('k') ?? '');
    if ('fault' in decoded) throw new KeyError('jwk_broken');
    return { ...secretKey(decoded.bytes), kid, alg };
  }
  const found = kty === 'RSA' ? 'RSA' : CURVES.find((curve) => curve === crv);
  if (!found) throw new KeyError('key_unknown');
  const names = ['kty', 'crv', 'x', 'y', 'n', 'e', 'd', 'p', 'q', 'dp', 'dq', 'qi'];
  const data = Object.fromEntries(names.flatMap((name) => (text(name) === undefined ? [] : [[name, text(name)]])));
  const bits = kty === 'RSA' ? Math.floor(((text('n') ?? '').length * 6) / 8) * 8 : undefined;
  return { family: found, kid, alg, isPrivate: text('d') !== undefined, format: 'jwk', data, bits };
}

/**
 * @param {Uint8Array<ArrayBuffer>} data
 * @returns {Key}
 */
export function secretKey(data) {
  if (data.length === 0) throw new KeyError('key_empty');
  return { family: 'oct', kid: undefined, alg: undefined, isPrivate: true, format: 'raw', data, bits: data.length * 8 };
}

/**
 * @param {string} text
 * @param {'text' | 'base64url'} encoding
 */
function secretBytes(text, encoding) {
  if (encoding === 'text') return new TextEncoder().encode(text);
  const decoded = decode(text.trim().replace(/=+$/, ''));
  if ('fault' in decoded) throw new KeyError('secret_encoding');
  return decoded.bytes;
}

/**
 * The key of a block in the wrapping that WebCrypto reads.
 * @param {string} label
 * @param {Uint8Array<ArrayBuffer>} der
 * @returns {{ format: 'spki' | 'pkcs8', data: Uint8Array<ArrayBuffer> }}
 */
function unwrapped(label, der) {
  switch (label) {
    case 'PUBLIC KEY':
      return { format: 'spki', data: der };
    case 'RSA PUBLIC KEY':
      return { format: 'spki', data: wrapRsa(der, 'public') };
    case 'CERTIFICATE':
      return { format: 'spki', data: keyOfCertificate(der) ?? new Uint8Array() };
    case 'PRIVATE KEY':
      return { format: 'pkcs8', data: der };
    case 'RSA PRIVATE KEY':
      return { format: 'pkcs8', data: wrapRsa(der, 'private') };
    case 'EC PRIVATE KEY':
      return { format: 'pkcs8', data: wrapEc(der) };
    default:
      throw new KeyError(label === 'ENCRYPTED PRIVATE KEY' ? 'pem_encrypted' : 'pem_unknown');
  }
}

/** By object identifier; an elliptic curve's stands behind the one of all curves. @type {Map<string, Family>} */
const FAMILIES = new Map([
  ['2a864886f70d010101', 'RSA'],
  ['2a8648ce3d030107', 'P-256'],
  ['2b81040022', 'P-384'],
  ['2b81040023', 'P-521'],
  ['2b6570', 'Ed25519'],
]);

/** @type {Family[]} */
const CURVES = ['P-256', 'P-384', 'P-521', 'Ed25519'];

const MOST_TEXT = 262_144;
const MOST_KEYS = 256;
