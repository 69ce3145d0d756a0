// What header and payload say about themselves: type, times, names, contents.
import { member } from './json.js';
import { finding } from './token.js';

/** @typedef {import('./token.js').Finding} Finding */
/** @typedef {import('./token.js').Members} Members */
/** @typedef {typeof import('./rules.json')} Rules */
/** @typedef {{ issuer?: string, audience?: string, typ?: string, now: number }} Question what a service expects; empty: anything */

/**
 * @param {Members} header
 * @param {string} expected
 * @param {Rules} rules
 * @returns {Finding[]}
 */
export function judgeHeader(header, expected, rules) {
  /** @type {Finding[]} */
  const findings = [];
  const alg = member(header, 'alg');
  if (typeof alg === 'string') {
    if (alg.toLowerCase() === 'none') findings.push(finding('alg_none'));
    else if (!rules.algorithms.includes(alg)) findings.push(finding('alg_unknown', { alg: { quoted: alg } }));
  } else {
    findings.push(alg === undefined ? finding('alg_missing') : finding('header_type', { name: 'alg' }));
  }
  for (const name of ['kid', 'typ']) {
    const value = member(header, name);
    if (value !== undefined && typeof value !== 'string') findings.push(finding('header_type', { name }));
  }
  findings.push(...judgeType(member(header, 'typ') ?? '', expected));
  for (const name of rules.foreign_keys) {
    if (Object.hasOwn(header, name)) findings.push(finding('foreign_key', { name }));
  }
  if (Object.hasOwn(header, 'crit')) findings.push(finding('critical'));
  return findings;
}

/**
 * @param {unknown} typ
 * @param {string} expected
 * @returns {Finding[]}
 */
function judgeType(typ, expected) {
  if (typeof typ !== 'string' || expected === '' || bareType(typ) === bareType(expected)) return [];
  const ids = new Map([['', 'type_missing'], ['rt+jwt', 'type_refresh'], ['at+jwt', 'type_access']]);
  const found = bareType(typ);
  return [finding(ids.get(found) ?? 'type', { found: { quoted: found }, expected: { quoted: expected } })];
}

/**
 * When the token is valid, and whether its dates are any.
 * @param {Members} claims
 * @param {unknown} typ
 * @param {number} now
 * @param {Rules} rules
 * @returns {Finding[]}
 */
export function judgeTimes(claims, typ, now, rules) {
  const findings = ['exp', 'nbf', 'iat'].flatMap((name) => judgeDate(name, member(claims, name), rules));
  const [exp, nbf, iat] = ['exp', 'nbf', 'iat'].map((name) => {
    const at = member(claims, name);
    return typeof at === 'number' && at >= 0 && at <= rules.max_date ? Math.ceil(at) : undefined;
  });
  if (!Object.hasOwn(claims, 'exp')) findings.push(finding('missing_exp'));
  if (exp !== undefined && exp <= now) findings.push(finding('expired', { span: { span: now - exp } }));
  if (nbf !== undefined && nbf > now) findings.push(finding('not_yet_valid', { moment: { moment: nbf } }));
  if (iat !== undefined && iat > now + rules.clock_skew) {
    findings.push(finding('issued_in_future', { span: { span: iat - now } }));
  }
  const start = nbf ?? iat;
  if (exp === undefined || start === undefined) return findings;
  const life = exp - start;
  const isRefresh = typeof typ === 'string' && typ.toLowerCase().endsWith('rt+jwt');
  if (life <= 0) findings.push(finding('never_valid'));
  else if (life > rules.absurd_life) findings.push(finding('absurd_life', { span: { span: life } }));
  else if (life > rules.long_life && !isRefresh) findings.push(finding('long_life', { span: { span: life } }));
  return findings;
}

/**
 * @param {string} name
 * @param {unknown} at
 * @param {Rules} rules
 * @returns {Finding[]}
 */
function judgeDate(name, at, rules) {
  if (at === undefined) return [];
  if (typeof at !== 'number') return [finding('date_type', { name })];
  if (at < 0) return [finding('date_negative', { name })];
  if (at > rules.max_milliseconds) return [finding('date_beyond', { name })];
  if (at <= rules.max_date) return [];
  const whole = Math.trunc(at);
  return [finding('milliseconds', { name, at: whole, moment: { moment: Math.trunc(whole / 1000) } })];
}

/**
 * Who issued the token, about whom, for whom.
 * @param {Members} claims
 * @param {Question} question
 * @param {Rules} rules
 * @returns {Finding[]}
 */
export function judgeNames(claims, { issuer, audience }, rules) {
  const findings = rules.text_claims
    .filter((name) => Object.hasOwn(claims, name) && typeof claims[name] !== 'string')
    .map((name) => finding('claim_type', { name }));
  const sub = member(claims, 'sub');
  if (sub === undefined) findings.push(finding('missing_sub'));
  else if (typeof sub === 'string' && !/^[^\u0000-\u001f\u007f-\u009f]+$/.test(sub)) findings.push(finding('invalid_sub'));
  const iss = member(claims, 'iss');
  if (iss === undefined) findings.push(finding('missing_iss'));
  else if (typeof iss === 'string' && issuer && iss !== issuer) {
    const id = plainIssuer(iss) === plainIssuer(issuer) ? 'issuer_nearly' : 'issuer';
    findings.push(finding(id, { found: { quoted: iss }, expected: { quoted: issuer } }));
  }
  return [...findings, ...judgeAudience(member(claims, 'aud'), audience)];
}

/**
 * @param {unknown} aud
 * @param {string | undefined} expected
 * @returns {Finding[]}
 */
function judgeAudience(aud, expected) {
  if (aud === undefined) return [finding('missing_aud')];
  const found = Array.isArray(aud) ? aud : [aud];
  if (!found.every((one) => typeof one === 'string')) return [finding('audience_type')];
  if (!expected || found.includes(expected)) return [];
  return [finding('audience', { found: { listed: found }, expected: { quoted: expected } })];
}

/**
 * Members of the payload that look like secrets, by name or by value; at most ten.
 * @param {Members} claims
 * @param {Rules} rules
 * @returns {Finding[]}
 */
export function judgeContents(claims, rules) {
  /** @type {Finding[]} */
  const findings = [];
  const names = new Set(rules.secret_names);
  /** @type {(value: unknown, name: string) => void} */
  const walk = (value, name) => {
    if (findings.length >= MOST_SECRETS) return;
    if (Array.isArray(value)) return value.forEach((element) => walk(element, name));
    if (typeof value === 'object' && value !== null) {
      const members = Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1));
      return members.forEach(([inner, element]) => walk(element, inner));
    }
    const named = names.has(name.replace(/[_ -]/g, '').toLowerCase());
    const telling = typeof value === 'string' && rules.secret_values.some((start) => value.startsWith(start));
    const isSecret = typeof value === 'string' ? value !== '' && (named || telling) : typeof value === 'number' && named;
    if (isSecret) findings.push(finding('secret_in_payload', { name: { quoted: name } }));
  };
  walk(claims, '');
  return findings;
}

/**
 * A media type as it is compared (RFC 7515 section 4.1.9).
 * @param {string} typ
 */
function bareType(typ) {
  return typ.toLowerCase().replace(/^application\/(?=[^/]*$)/, '');
}

/**
 * An issuer without what people overlook.
 * @param {string} text
 */
function plainIssuer(text) {
  return text.replace(/\/+$/, '').toLowerCase().replaceAll('http://', 'https://');
}

const MOST_SECRETS = 10;
