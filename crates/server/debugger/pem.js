// PEM (RFC 7468), and as much of DER as it takes to find or wrap a key.
import { base64 } from './base64url.js';

/**
 * The first block of a text.
 * @param {string} text
 * @returns {{ label: string, der: Uint8Array<ArrayBuffer> } | null}
 */
export function readPem(text) {
  const [, label, body] = /-----BEGIN ([A-Z0-9 ]+)-----([A-Za-z0-9+/=\s]+)-----END \1-----/.exec(text) ?? [];
  if (label === undefined || body === undefined) return null;
  try {
    return { label, der: Uint8Array.from(atob(body.replace(/\s/g, '')), (letter) => letter.charCodeAt(0)) };
  } catch {
    return null;
  }
}

/**
 * @param {string} label
 * @param {ArrayBuffer} der
 */
export function writePem(label, der) {
  const lines = base64(new Uint8Array(der)).match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`;
}

/**
 * The key of a PKCS#1 block in the wrapping that WebCrypto reads.
 * @param {Uint8Array} der
 * @param {'public' | 'private'} half
 */
export function wrapRsa(der, half) {
  if (half === 'public') return node(0x30, [RSA, node(0x03, [Uint8Array.of(0), der])]);
  return node(0x30, [Uint8Array.of(2, 1, 0), RSA, node(0x04, [der])]);
}

/**
 * The key of a SEC 1 block (`EC PRIVATE KEY`), which names its curve inside.
 * @param {Uint8Array} der
 */
export function wrapEc(der) {
  const curve = elements(contents(der)).find((element) => element[0] === 0xa0);
  return node(0x30, [Uint8Array.of(2, 1, 0), node(0x30, [EC, contents(curve)]), node(0x04, [der])]);
}

/**
 * The public key of a certificate (RFC 5280 section 4.1); nothing else in it is looked at.
 * @param {Uint8Array} der
 */
export function keyOfCertificate(der) {
  const body = elements(contents(elements(contents(der))[0]));
  // An explicit version may stand first; then serial, algorithm, issuer, validity, subject.
  return body[(body[0]?.[0] === 0xa0 ? 1 : 0) + 5];
}

/**
 * The object identifiers of a SubjectPublicKeyInfo or a PKCS#8 key, as hexadecimal text.
 * @param {Uint8Array} der
 * @returns {string[]}
 */
export function identifiers(der) {
  const algorithm = elements(contents(der)).find((element) => element[0] === 0x30);
  return elements(contents(algorithm))
    .filter((element) => element[0] === 0x06)
    .map((element) => [...contents(element)].map((byte) => byte.toString(16).padStart(2, '0')).join(''));
}

/**
 * The elements that stand one after another.
 * @param {Uint8Array} bytes
 * @returns {Uint8Array<ArrayBuffer>[]}
 */
function elements(bytes) {
  const found = [];
  for (let at = 0; at < bytes.length; ) {
    const { start, length } = measure(bytes, at);
    found.push(bytes.slice(at, start + length));
    at = start + length;
  }
  return found;
}

/** @param {Uint8Array | undefined} element */
function contents(element) {
  if (element === undefined) throw new RangeError('an element is missing');
  const { start, length } = measure(element, 0);
  return element.slice(start, start + length);
}

/**
 * @param {Uint8Array} bytes
 * @param {number} at
 */
function measure(bytes, at) {
  const first = bytes[at + 1] ?? 0;
  const more = first < 0x80 ? 0 : first & 0x7f;
  if (more > 3) throw new RangeError('too long');
  const start = at + 2 + more;
  const length = more === 0 ? first : bytes.slice(at + 2, start).reduce((sum, byte) => sum * 256 + byte, 0);
  if (start + length > bytes.length) throw new RangeError('cut off');
  return { start, length };
}

/**
 * @param {number} tag
 * @param {Uint8Array[]} parts
 */
function node(tag, parts) {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  const size = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  const bytes = new Uint8Array(1 + size.length + length);
  bytes.set([tag, ...size]);
  let at = 1 + size.length;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/** rsaEncryption with its null parameters. */
const RSA = Uint8Array.of(0x30, 0x0d, 6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1, 5, 0);
/** id-ecPublicKey. */
const EC = Uint8Array.of(6, 7, 0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1);
