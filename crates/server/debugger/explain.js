// What a token says and what is wrong with it: all of it, in the terminal's order.
import { judgeContents, judgeHeader, judgeNames, judgeTimes } from './claims.js';
import { member } from './json.js';
import { judgeSignature } from './signature.js';
import { takeApart } from './token.js';

/** @typedef {import('./claims.js').Question} Question */
/** @typedef {import('./claims.js').Rules} Rules */
/** @typedef {import('./keys.js').KeyRing} KeyRing */
/** @typedef {import('./signature.js').Judgement} Judgement */
/** @typedef {import('./token.js').Finding} Finding */
/** @typedef {import('./token.js').Shape} Shape */
/** @typedef {{ shape: Shape, findings: Finding[], signature: Judgement | null }} Explanation */

/**
 * @param {string} token
 * @param {KeyRing} ring
 * @param {Question} question
 * @param {Rules} rules
 * @returns {Promise<Explanation>}
 */
export async function explanation(token, ring, question, rules) {
  const shape = takeApart(token, rules);
  if (!shape.content) return { shape, findings: shape.findings, signature: null };
  const { header, claims } = shape.content;
  const findings = [
    ...shape.findings,
    ...judgeHeader(header, question.typ ?? '', rules),
    ...judgeTimes(claims, member(header, 'typ'), question.now, rules),
    ...judgeNames(claims, question, rules),
    ...judgeContents(claims, rules),
  ];
  const signature = await judgeSignature(shape.parts, header, ring, rules);
  return { shape, findings: [...findings, ...signature.findings], signature };
}
