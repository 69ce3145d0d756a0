// What is shown of an explanation.
import { byId, element, sentence } from './dom.js';
import { readObject } from './json.js';
import { visible } from './words.js';

/** @typedef {import('./changes.js').Change} Change */
/** @typedef {import('./explain.js').Explanation} Explanation */
/** @typedef {import('./words.js').Words} Words */

/**
 * The token in its colours; a very long one stays plain.
 * @param {string} token
 */
export function showColours(token) {
  const plain = token.length > MOST_COLOURED;
  byId('editor', HTMLElement).classList.toggle('plain', plain);
  const parts = plain ? [] : token.split('.');
  const spans = parts.flatMap((part, index) => [
    ...(index === 0 ? [] : ['.']),
    element('span', `colour-${PART_NAMES[index] ?? 'more'}`, part),
  ]);
  // The last line of a text area is there even when it is empty.
  byId('coloured', HTMLElement).replaceChildren(...spans, '\n');
}

/**
 * @param {Explanation | null} explained none: there is no token
 * @param {Words} words
 * @param {number} now
 */
export function showVerdict(explained, words, now) {
  const box = byId('verdict', HTMLElement);
  const { state, title, reason } = verdict(explained, words, now);
  // Said again only when it changed.
  const said = [state, title, reason].join('\n');
  if (box.dataset.said === said) return;
  box.dataset.said = said;
  box.dataset.state = state;
  box.querySelector('strong')?.replaceChildren(title);
  box.querySelector('span')?.replaceChildren(...sentence(reason));
}

/**
 * @param {Explanation | null} explained
 * @param {Words} words
 * @param {number} now
 */
function verdict(explained, words, now) {
  if (!explained) return { state: 'open', title: words.page('no_token'), reason: '' };
  const say = (/** @type {import('./token.js').Finding | null | undefined} */ found) => (found ? words.finding(found, now).text : '');
  const { signature, findings } = explained;
  if (!signature) return { state: 'bad', title: words.page('not_a_token'), reason: say(findings.at(-1)) };
  if (signature.verdict === 'good') return { state: 'good', title: words.page('verified'), reason: '' };
  if (signature.verdict === 'open') return { state: 'open', title: words.page('no_key'), reason: '' };
  // What the header asks for comes before what the signature is.
  const asked = findings.find(({ id }) => id.startsWith('alg_') || id === 'header_type' || id === 'critical');
  const why = asked ?? signature.reason;
  return { state: 'bad', title: words.page('not_verified'), reason: say(why) };
}

/**
 * @param {Explanation | null} explained
 * @param {Words} words
 * @param {number} now
 */
export function showFindings(explained, words, now) {
  const said = (explained?.findings ?? []).map((finding) => words.finding(finding, now));
  const order = ['problem', 'warning', 'note'];
  said.sort((one, other) => order.indexOf(one.severity) - order.indexOf(other.severity));
  const items = said.map(({ id, severity, text }) => {
    const item = element('li', severity, element('b', '', words.page(severity)), ' ', element('span', '', ...sentence(text)));
    item.dataset.id = id;
    return item;
  });
  if (explained && !said.some(({ severity }) => severity === 'problem')) {
    items.unshift(element('li', 'fine', element('span', '', words.page('nothing'))));
  }
  byId('findings', HTMLElement).replaceChildren(...items);
}

/**
 * Every member with its value in words and what it means; long objects by pages.
 * @param {'header' | 'payload'} part
 * @param {string} text
 * @param {Words} words
 * @param {number} now
 * @param {number} most
 */
export function showMembers(part, text, words, now, most) {
  const read = readObject(text);
  const entries = 'value' in read ? Object.entries(read.value) : [];
  const rows = entries.slice(0, most).flatMap(([name, value]) => [
    element('dt', '', element('code', '', shortened(visible(name)))),
    element('dd', '', element('span', 'value', valueText(name, value, words, now)), element('small', '', words.member(name))),
  ]);
  byId(`${part}-members`, HTMLElement).replaceChildren(...rows);
  const more = byId(`${part}-more`, HTMLElement);
  more.hidden = entries.length <= most;
  more.textContent = words.page('more', { number: Math.min(PAGE, entries.length - most) });
}

/**
 * @param {string} name
 * @param {unknown} value
 * @param {Words} words
 * @param {number} now
 */
function valueText(name, value, words, now) {
  const isTime = words.vocabulary.time.members.includes(name) && typeof value === 'number';
  if (isTime) return words.moment(Math.trunc(value), now);
  return shortened(visible(typeof value === 'string' ? value : JSON.stringify(value)));
}

/**
 * What differs from the token that verified last.
 * @param {Change[]} found
 * @param {Words} words
 */
export function showChanges(found, words) {
  const boxes = found.map(({ part, at, was, is, members }) => {
    const title = element('p', '', words.page('changed', { part: words.part(part), at }));
    const pair = (/** @type {string} */ before, /** @type {string} */ after) => [
      element('span', '', words.page('was'), ' ', element('del', '', before)),
      element('span', '', words.page('is'), ' ', element('ins', '', after)),
    ];
    const rows = members.map((member) =>
      element('li', '', element('code', '', shortened(visible(member.name))), ...pair(textOr(member.was, words), textOr(member.is, words))),
    );
    return element('div', `change colour-${part}`, title, element('p', 'pair', ...pair(was, is)), element('ul', '', ...rows));
  });
  byId('changes', HTMLElement).replaceChildren(...boxes);
}

/**
 * @param {string | null} text
 * @param {Words} words
 */
function textOr(text, words) {
  return text === null ? words.page('absent') : shortened(visible(text));
}

/** @param {string} text */
function shortened(text) {
  return text.length > MOST_TEXT_SHOWN ? `${text.slice(0, MOST_TEXT_SHOWN)}…` : text;
}

/** How many members are shown at once. */
export const PAGE = 50;
const PART_NAMES = ['header', 'payload', 'signature'];
const MOST_TEXT_SHOWN = 300;
const MOST_COLOURED = 65_536;
