// The shape of a token: three parts, each in its one encoding.
import { decode, loosely } from './base64url.js';
import { readObject } from './json.js';

/** @typedef {{ moment: number } | { span: number } | { quoted: string } | { listed: string[] } | { part: string } | string | number} Value */
/** @typedef {{ id: string, values: Record<string, Value> }} Finding */
/** @typedef {Record<string, unknown>} Members */
/**
 * @typedef {object} Shape
 * @property {string} clean the token without what was pasted around it
 * @property {string[]} parts as they are encoded
 * @property {string[]} texts header and payload as they read, as far as they do
 * @property {Finding[]} findings what is wrong with the shape
 * @property {{ header: Members, claims: Members } | null} content none when something is wrong
 */

/**
 * @param {string} id
 * @param {Record<string, Value>} [values]
 * @returns {Finding}
 */
export function finding(id, values = {}) {
  return { id, values };
}

/**
 * Takes a token apart.
 * @param {string} token
 * @param {{ max_token: number }} rules
 * @returns {Shape}
 */
export function takeApart(token, rules) {
  const clean = cleaned(token);
  const findings = clean === token ? [] : [finding('pasted')];
  const parts = clean.length > MOST_SHOWN ? [] : clean.split('.');
  const texts = parts.length === 2 || parts.length === 3 ? parts.slice(0, 2).map((part) => UTF8.decode(loosely(part))) : [];
  /** @type {Shape} */
  const shape = { clean, parts, texts, findings, content: null };
  if (clean.length > rules.max_token || new TextEncoder().encode(clean).length > rules.max_token) {
    findings.push(finding('too_large', { most: rules.max_token }));
  } else if (parts.length === 3) {
    judgeParts(shape);
  } else {
    const ids = new Map([[5, 'encrypted'], [2, 'unsigned']]);
    findings.push(finding(ids.get(parts.length) ?? 'parts', { number: parts.length }));
  }
  return shape;
}

/** @param {Shape} shape */
function judgeParts(shape) {
  const before = shape.findings.length;
  if (/[+/]/.test(shape.clean)) shape.findings.push(finding('base64'));
  if (shape.clean.includes('=')) shape.findings.push(finding('padding'));
  if (shape.findings.length > before) return;
  const [header, claims] = ['header', 'payload', 'signature'].map((part, index) => {
    const read = readPart(shape.parts[index] ?? '', part !== 'signature');
    if ('fault' in read) shape.findings.push(finding(read.fault, { part: { part } }));
    return 'fault' in read ? null : read.value;
  });
  if (shape.findings.length === before && header && claims) shape.content = { header, claims };
}

/**
 * @param {string} part
 * @param {boolean} isJson
 * @returns {{ value: Members } | { fault: string }}
 */
function readPart(part, isJson) {
  const decoded = decode(part);
  if ('fault' in decoded) return decoded;
  if (!isJson) return { value: {} };
  try {
    return readObject(STRICT_UTF8.decode(decoded.bytes));
  } catch {
    return { fault: 'not_utf8' };
  }
}

/** @param {string} token */
function cleaned(token) {
  const space = /^[ \t\r\n]+|[ \t\r\n]+$/g;
  return token.replace(space, '').replace(/^["']+|["']+$/g, '').replace(/^[Bb]earer /, '').replace(space, '');
}

const UTF8 = new TextDecoder('utf-8', { ignoreBOM: true });
const STRICT_UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Longer texts are not taken apart at all. */
const MOST_SHOWN = 4_000_000;
