// Base64url as JOSE wants it (RFC 7515 section 2): no padding, unused trailing bits zero.

/**
 * @param {string} text
 * @returns {{ bytes: Uint8Array<ArrayBuffer> } | { fault: 'not_base64url' | 'trailing_bits' }}
 */
export function decode(text) {
  if (!/^[A-Za-z0-9_-]*$/.test(text) || text.length % 4 === 1) return { fault: 'not_base64url' };
  const bytes = loosely(text);
  return encode(bytes) === text ? { bytes } : { fault: 'trailing_bits' };
}

/**
 * What a text in any base64 says, for showing it; whatever is not base64 is passed over.
 * @param {string} text
 * @returns {Uint8Array<ArrayBuffer>}
 */
export function loosely(text) {
  let plain = text.replace(/-/g, '+').replace(/_/g, '/').replace(/[^A-Za-z0-9+/]/g, '');
  if (plain.length % 4 === 1) plain = plain.slice(0, -1);
  return Uint8Array.from(atob(plain), (letter) => letter.charCodeAt(0));
}

/**
 * @param {Uint8Array} bytes
 * @returns {string}
 */
export function encode(bytes) {
  return base64(bytes).replace(/\+/g, '-').replace(/\//g, '_').replace(/=/g, '');
}

/**
 * The base64 of PEM files.
 * @param {Uint8Array} bytes
 * @returns {string}
 */
export function base64(bytes) {
  let binary = '';
  for (let at = 0; at < bytes.length; at += CHUNK) binary += String.fromCharCode(...bytes.subarray(at, at + CHUNK));
  return btoa(binary);
}

/** Arguments of one call have a bound. */
const CHUNK = 8192;
