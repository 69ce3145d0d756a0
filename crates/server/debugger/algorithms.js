// The signature algorithms in the terms of WebCrypto (RFC 7518 section 3, RFC 8037).

/** @typedef {{ name: string, hash?: string, saltLength?: number, namedCurve?: string }} Parameters */
/** @typedef {'oct' | 'RSA' | 'P-256' | 'P-384' | 'P-521' | 'Ed25519'} Family what kind of key it takes */

/**
 * @param {string} alg
 * @returns {Parameters | undefined}
 */
export function parameters(alg) {
  if (alg === 'EdDSA' || alg === 'Ed25519') return { name: 'Ed25519' };
  const [, kind, bits] = /^(HS|RS|PS|ES)(256|384|512)$/.exec(alg) ?? [];
  const hash = `SHA-${bits}`;
  switch (kind) {
    case 'HS':
      return { name: 'HMAC', hash };
    case 'RS':
      return { name: 'RSASSA-PKCS1-v1_5', hash };
    case 'PS':
      return { name: 'RSA-PSS', hash, saltLength: Number(bits) / 8 };
    case 'ES':
      return { name: 'ECDSA', hash, namedCurve: bits === '512' ? 'P-521' : `P-${bits}` };
    default:
      return undefined;
  }
}

/**
 * @param {string} alg
 * @returns {Family | undefined}
 */
export function family(alg) {
  const found = parameters(alg);
  if (found?.name === 'HMAC') return 'oct';
  if (found?.name.startsWith('RSA')) return 'RSA';
  return /** @type {Family | undefined} */ (found?.namedCurve ?? found?.name);
}

/**
 * The names that can be signed with, in the order of the list to choose from.
 */
export const ALGORITHMS = ['HS256', 'HS384', 'HS512', 'RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA'];

/**
 * The least size of a key in bits (RFC 7518 sections 3.2, 3.3 and 3.5).
 * @param {string} alg
 */
export function leastBits(alg) {
  const kind = family(alg);
  if (kind === 'oct') return Number(alg.slice(2));
  return kind === 'RSA' ? 2048 : 0;
}
