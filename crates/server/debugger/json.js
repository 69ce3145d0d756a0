// JSON that must have one reading only: the rules of the verifier, member by member.

/** @typedef {'not_object' | 'not_json' | 'duplicate_member' | 'lone_surrogate' | 'too_deep'} Fault */

/**
 * An object, or what is wrong with the text.
 * @param {string} text
 * @returns {{ value: Record<string, unknown> } | { fault: Fault }}
 */
export function readObject(text) {
  try {
    new Scanner(text).document();
    return { value: JSON.parse(text) };
  } catch (error) {
    return { fault: error instanceof Fall ? error.fault : 'not_json' };
  }
}

/**
 * A member, and never what an object inherits.
 * @param {Record<string, unknown>} object
 * @param {string} name
 * @returns {unknown}
 */
export function member(object, name) {
  return Object.hasOwn(object, name) ? object[name] : undefined;
}

/**
 * The text without white space between its tokens; numbers keep their digits.
 * @param {string} text
 */
export function compact(text) {
  return text.replace(/("(?:[^"\\]|\\.)*")|\s+/g, '$1');
}

/**
 * The text over several lines; numbers keep their digits.
 * @param {string} text
 */
export function pretty(text) {
  let depth = 0;
  const line = () => `\n${'  '.repeat(depth)}`;
  return compact(text).replace(/"(?:[^"\\]|\\.)*"|\{\}|\[\]|[{}[\],:]|[^"{}[\],:]+/g, (token) => {
    switch (token) {
      case '{':
      case '[':
        depth = Math.min(depth + 1, MAX_DEPTH);
        return token + line();
      case '}':
      case ']':
        depth = Math.max(depth - 1, 0);
        return line() + token;
      case ',':
        return token + line();
      case ':':
        return ': ';
      default:
        return token;
    }
  });
}

class Scanner {
  /** @param {string} text */
  constructor(text) {
    this.text = text;
    this.at = 0;
  }

  document() {
    this.space();
    if (this.text[this.at] !== '{') throw new Fall('not_object');
    this.object(1);
    this.space();
    if (this.at !== this.text.length) throw new Fall('not_json');
  }

  /** @param {number} depth */
  object(depth) {
    const names = new Set();
    let repeated = false;
    this.expect('{');
    this.space();
    if (this.take('}')) return;
    do {
      this.space();
      const name = JSON.parse(this.string());
      this.space();
      this.expect(':');
      this.value(depth);
      repeated ||= names.has(name);
      names.add(name);
      this.space();
    } while (this.take(','));
    this.expect('}');
    if (repeated) throw new Fall('duplicate_member');
  }

  /** @param {number} depth */
  array(depth) {
    this.expect('[');
    this.space();
    if (this.take(']')) return;
    do {
      this.value(depth);
      this.space();
    } while (this.take(','));
    this.expect(']');
  }

  /** @param {number} depth */
  value(depth) {
    this.space();
    const first = this.text[this.at];
    if (first === '"') return void this.string();
    if (first === '{' || first === '[') {
      if (depth >= MAX_DEPTH) throw new Fall('too_deep');
      return first === '{' ? this.object(depth + 1) : this.array(depth + 1);
    }
    const plain = this.match(/true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y);
    if (plain === '' || !(/^[tfn]/.test(plain) || Number.isFinite(Number(plain)))) throw new Fall('not_json');
  }

  /** @returns {string} with its quotes */
  string() {
    const start = this.at;
    this.expect('"');
    for (;;) {
      this.match(/[^"\\\u0000-\u001f]*/y);
      if (this.take('"')) return this.text.slice(start, this.at);
      const escape = this.match(/\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y);
      if (escape === '') throw new Fall('not_json');
      if (/^\\u[dD][c-fC-F]/.test(escape)) throw new Fall('lone_surrogate');
      if (/^\\u[dD][89abAB]/.test(escape) && this.match(/\\u[dD][c-fC-F][0-9a-fA-F]{2}/y) === '') {
        throw new Fall('lone_surrogate');
      }
    }
  }

  space() {
    this.match(/[ \t\n\r]*/y);
  }

  /**
   * @param {RegExp} pattern sticky
   * @returns {string}
   */
  match(pattern) {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.text)?.[0] ?? '';
    this.at += found.length;
    return found;
  }

  /** @param {string} letter */
  take(letter) {
    const taken = this.text[this.at] === letter;
    if (taken) this.at += 1;
    return taken;
  }

  /** @param {string} letter */
  expect(letter) {
    if (!this.take(letter)) throw new Fall('not_json');
  }
}

class Fall extends Error {
  /** @param {Fault} fault */
  constructor(fault) {
    super(fault);
    this.fault = fault;
  }
}

/** Containers within containers, the outermost counted. */
const MAX_DEPTH = 16;
