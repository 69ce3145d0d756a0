// Findings and labels as people read them, in one of two languages.

/** @typedef {import('./token.js').Finding} Finding */
/** @typedef {import('./token.js').Value} Value */
/** @typedef {'en' | 'ko'} Language */
/** @typedef {typeof import('./words.json')} Vocabulary */

export class Words {
  /**
   * @param {Vocabulary} vocabulary
   * @param {Language} language
   */
  constructor(vocabulary, language) {
    this.vocabulary = vocabulary;
    this.language = language;
  }

  /**
   * @param {Finding} finding
   * @param {number} now seconds since 1970
   * @returns {{ id: string, code: string, severity: string, text: string }}
   */
  finding({ id, values }, now) {
    const entry = entryOf(this.vocabulary.findings, id);
    const text = fill(entry?.[this.language] ?? id, (name) => this.value(values[name] ?? '', now));
    return { id, code: entry?.code ?? id, severity: entry?.severity ?? 'problem', text };
  }

  /**
   * What a member of a header or payload means.
   * @param {string} name
   */
  member(name) {
    return (entryOf(this.vocabulary.members, name) ?? this.vocabulary.members['?'])[this.language];
  }

  /**
   * A label of the page.
   * @param {string} name
   * @param {Record<string, string | number>} [values]
   */
  page(name, values = {}) {
    return fill(entryOf(this.vocabulary.page, name)?.[this.language] ?? name, (place) => String(values[place] ?? ''));
  }

  /** @param {string} name */
  part(name) {
    return entryOf(this.vocabulary.parts, name)?.[this.language] ?? name;
  }

  /**
   * A moment in UTC and from now.
   * @param {number} at
   * @param {number} now
   */
  moment(at, now) {
    const { past, future, no_date } = this.vocabulary.time;
    if (!(Math.abs(at) < LAST_YEAR)) return fill(no_date[this.language], () => String(at));
    const utc = new Date(at * 1000).toISOString().replace('.000Z', 'Z');
    const template = (at <= now ? past : future)[this.language];
    return fill(template, (name) => (name === 'utc' ? utc : this.span(Math.abs(at - now))));
  }

  /**
   * A length of time in its largest unit.
   * @param {number} seconds
   */
  span(seconds) {
    const { second, minute, hour, day, span } = this.vocabulary.time;
    const [number, unit] =
      seconds < 120 ? [seconds, second]
      : seconds < 7200 ? [seconds / 60, minute]
      : seconds < 172_800 ? [seconds / 3600, hour]
      : [seconds / 86_400, day];
    const whole = Math.trunc(number);
    const name = unit[this.language][whole === 1 ? 0 : 1] ?? '';
    return fill(span[this.language], (place) => (place === 'number' ? String(whole) : name));
  }

  /**
   * @param {Value} value
   * @param {number} now
   * @returns {string}
   */
  value(value, now) {
    if (typeof value !== 'object') return String(value);
    if ('moment' in value) return this.moment(value.moment, now);
    if ('span' in value) return this.span(value.span);
    if ('quoted' in value) return quoted(value.quoted);
    if ('part' in value) return this.part(value.part);
    const shown = value.listed.slice(0, MOST_LISTED).map(quoted);
    if (value.listed.length > MOST_LISTED) shown.push('…');
    return shown.join(', ') || '-';
  }
}

/**
 * Text of a token as it may be shown: short, in quotation marks, nothing in it hidden or reordered.
 * @param {string} text
 */
export function quoted(text) {
  return visible(JSON.stringify([...text.slice(0, 2 * MOST_CHARACTERS)].slice(0, MOST_CHARACTERS).join('')));
}

/**
 * The text with what can't be seen written as escapes.
 * @param {string} text
 */
export function visible(text) {
  return text.replace(HIDDEN, (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/**
 * Each `{name}` replaced, in one pass.
 * @param {string} template
 * @param {(name: string) => string} value
 */
function fill(template, value) {
  return template.replace(/\{(\w+)\}/g, (_, name) => value(name));
}

/**
 * @template T
 * @param {Record<string, T>} entries
 * @param {string} name
 * @returns {T | undefined}
 */
function entryOf(entries, name) {
  return Object.hasOwn(entries, name) ? entries[name] : undefined;
}

const HIDDEN = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g;
const MOST_CHARACTERS = 64;
const MOST_LISTED = 8;

/** The end of 9999, in seconds since 1970. */
const LAST_YEAR = 253_402_207_200;
