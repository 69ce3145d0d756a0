// What differs between a token that verified and one that does not.
import { readObject } from './json.js';
import { loosely } from './base64url.js';

/**
 * @typedef {object} Change
 * @property {'header' | 'payload' | 'signature'} part
 * @property {number} at the first character that differs, counted from 1
 * @property {string} was the text around it
 * @property {string} is
 * @property {{ name: string, was: string | null, is: string | null }[]} members what that means for the content
 */

/**
 * @param {string} good
 * @param {string} other
 * @returns {Change[]} none when the two have nothing in common
 */
export function changes(good, other) {
  const [one, two] = [good.split('.'), other.split('.')];
  if (two.length !== 3) return [];
  const found = PARTS.flatMap((part, index) => compare(part, one[index] ?? '', two[index] ?? ''));
  return found.length === PARTS.length ? [] : found;
}

/**
 * @param {Change['part']} part
 * @param {string} was
 * @param {string} is
 * @returns {Change[]}
 */
function compare(part, was, is) {
  if (was === is) return [];
  let at = 0;
  while (was[at] === is[at]) at += 1;
  const around = (/** @type {string} */ text) => text.slice(Math.max(0, at - AROUND), at + AROUND + 1);
  const members = part === 'signature' ? [] : compareMembers(was, is);
  return [{ part, at: at + 1, was: around(was), is: around(is), members }];
}

/**
 * @param {string} was
 * @param {string} is
 */
function compareMembers(was, is) {
  const [one, two] = [was, is].map((text) => readObject(new TextDecoder().decode(loosely(text))));
  if (!one || !two || 'fault' in one || 'fault' in two) return [];
  const [before, after] = [one.value, two.value];
  const text = (/** @type {Record<string, unknown>} */ object, /** @type {string} */ name) =>
    Object.hasOwn(object, name) ? JSON.stringify(object[name]) : null;
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  return names
    .map((name) => ({ name, was: text(before, name), is: text(after, name) }))
    .filter((member) => member.was !== member.is)
    .slice(0, MOST_MEMBERS);
}

/** @type {Change['part'][]} */
const PARTS = ['header', 'payload', 'signature'];
const AROUND = 6;
const MOST_MEMBERS = 20;
