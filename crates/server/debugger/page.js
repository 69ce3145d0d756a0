// The page: what is typed into its fields, and what follows from it.
import { ALGORITHMS, parameters } from './algorithms.js';
import { encode } from './base64url.js';
import { changes } from './changes.js';
import { byId, sentence } from './dom.js';
import { explanation } from './explain.js';
import { compact, member, pretty, readObject } from './json.js';
import { describe } from './key-status.js';
import { KeyError, fits, generate, readKeys } from './keys.js';
import { ask, readServer } from './live.js';
import { PAGE, showChanges, showColours, showFindings, showMembers, showVerdict } from './show.js';
import { sign } from './signature.js';
import { finding, takeApart } from './token.js';
import { Words } from './words.js';

/** @typedef {import('./explain.js').Explanation} Explanation */
/** @typedef {import('./keys.js').KeyRing} KeyRing */

/** @param {string} id */
const area = (id) => byId(id, HTMLTextAreaElement);
/** @param {string} id */
const input = (id) => byId(id, HTMLInputElement);
/** @param {string} id */
const select = (id) => byId(id, HTMLSelectElement);
/** @param {string} id */
const button = (id) => byId(id, HTMLButtonElement);

class Page {
  constructor() {
    const data = (/** @type {string} */ id) => JSON.parse(document.getElementById(id)?.textContent ?? '');
    this.vocabulary = data('words');
    /** @type {import('./claims.js').Rules} */
    this.rules = data('rules');
    this.server = readServer(document.querySelector('main')?.dataset.server);
    this.words = new Words(this.vocabulary, languageOf(document.documentElement.lang));
    /** @type {KeyRing} */
    this.ring = readKeys('', 'text');
    /** @type {string | null} why the text is no key: the name of what is said */
    this.keyFault = null;
    /** @type {string | null} why the key could not be used just now */
    this.trouble = null;
    /** Whether the signature was made here. */
    this.isOurs = false;
    this.wasKept = false;
    /** @type {{ token: string, key: string } | null} the last token that verified */
    this.good = null;
    /** @type {Explanation | null} */
    this.explained = null;
    this.most = { header: PAGE, payload: PAGE };
    /** @type {string | undefined} the token that the server was asked about last */
    this.asked = undefined;
    /** What was done last, or is being done. */
    this.line = Promise.resolve();
    /** @type {Map<string, number>} how often each thing is still to be done */
    this.waiting = new Map();
  }

  /**
   * Does one thing after the other, and of the same thing only the last.
   * @param {string} name
   * @param {() => unknown} run
   */
  later(name, run) {
    this.waiting.set(name, (this.waiting.get(name) ?? 0) + 1);
    document.documentElement.dataset.busy = '';
    this.line = this.line.then(async () => {
      const left = (this.waiting.get(name) ?? 1) - 1;
      if (left > 0) this.waiting.set(name, left);
      else this.waiting.delete(name);
      try {
        if (left === 0) {
          this.trouble = null;
          await run();
        }
      } finally {
        if (this.waiting.size === 0) delete document.documentElement.dataset.busy;
      }
    }).catch((error) => console.error(error));
  }

  start() {
    select('algorithm').append(...ALGORITHMS.map((alg) => new Option(alg, alg)));
    select('algorithm').value = 'EdDSA';
    this.listen();
    // What a browser kept of the fields from before a reload would not agree with the rest.
    for (const field of document.querySelectorAll('textarea')) field.value = '';
    this.later('token', () => this.token());
    // What has expired meanwhile is said.
    setInterval(() => document.hidden || this.later('judge', () => this.judge()), 30_000);
  }

  listen() {
    area('token').addEventListener('input', () => {
      showColours(area('token').value);
      this.later('token', () => this.token());
    });
    for (const part of /** @type {const} */ (['header', 'payload'])) {
      area(part).addEventListener('input', () => this.later('content', () => this.content()));
      button(`${part}-more`).addEventListener('click', () => {
        this.most[part] += PAGE;
        this.members();
      });
    }
    area('key').addEventListener('input', () => this.later('key', () => this.key()));
    select('encoding').addEventListener('change', () => this.later('key', () => this.key()));
    select('algorithm').addEventListener('change', () => this.later('algorithm', () => this.algorithm()));
    select('language').addEventListener('change', () => this.later('language', () => this.language()));
    for (const id of ['issuer', 'audience', 'typ']) {
      input(id).addEventListener('input', () => this.later('judge', () => this.judge()));
    }
    /** @type {[string, () => unknown][]} */
    const buttons = [
      ['example', () => this.example()],
      ['clear', () => this.clear()],
      ['copy', () => this.copy()],
      ['sign', () => this.content(true)],
      ['generate', () => this.generate()],
      ['server-keys', () => this.serverKeys()],
      ['live-ask', () => this.ask()],
    ];
    for (const [id, run] of buttons) document.getElementById(id)?.addEventListener('click', () => this.later(id, run));
  }

  /** Another token: header and payload follow, its signature is its own. */
  token() {
    this.isOurs = false;
    this.wasKept = false;
    const { parts, texts, content } = takeApart(this.tokenText(), this.rules);
    this.most = { header: PAGE, payload: PAGE };
    area('header').value = parts.length === 5 ? '' : pretty(texts[0] ?? '');
    area('payload').value = pretty(texts[1] ?? '');
    const alg = content && member(content.header, 'alg');
    if (typeof alg === 'string' && parameters(alg)) select('algorithm').value = alg === 'Ed25519' ? 'EdDSA' : alg;
    return this.judge();
  }

  /**
   * Another header or payload: the token follows, and its signature, if the key can sign.
   * @param {boolean} [isWanted] whether a key that can't sign is to be complained about
   */
  async content(isWanted = false) {
    const texts = [area('header').value, area('payload').value].map(compact);
    const faults = texts.map((text) => readObject(text)).map((read) => ('fault' in read ? read.fault : null));
    this.faults(faults);
    if (faults[0] != null || faults[1] != null) return;
    const before = area('token').value;
    const signed = texts.map((text) => encode(new TextEncoder().encode(text))).join('.');
    const alg = this.headerAlgorithm();
    const key = this.ring.keys.find((one) => one.isPrivate && fits(one, alg));
    let signature = before.trim().split('.')[2] ?? '';
    try {
      if (key) signature = await sign(signed, key, alg);
      else if (isWanted && this.ring.kind !== 'none') throw new KeyError('kept');
    } catch (error) {
      this.trouble = nameOf(error);
    }
    // Typed into meanwhile: that comes next.
    if (area('token').value !== before) return;
    this.isOurs = key !== undefined;
    this.wasKept = key === undefined;
    area('token').value = `${signed}.${signature}`;
    await this.judge();
  }

  /** Another key: a signature that was made here follows it, any other is judged by it. */
  async key() {
    try {
      this.ring = readKeys(area('key').value, /** @type {'text' | 'base64url'} */ (select('encoding').value));
      this.keyFault = null;
    } catch (error) {
      this.ring = readKeys('', 'text');
      this.keyFault = nameOf(error);
    }
    byId('encoding-label', HTMLElement).hidden = this.ring.kind !== 'secret' && this.ring.kind !== 'none' && this.keyFault === null;
    const canSign = this.ring.keys.some((one) => one.isPrivate && fits(one, this.headerAlgorithm()));
    if (this.isOurs && canSign) await this.content();
    else await this.judge();
  }

  /** Another algorithm: the header follows, and a signature by the key, if it fits. */
  async algorithm() {
    const alg = select('algorithm').value;
    const read = readObject(area('header').value.trim() === '' ? '{}' : area('header').value);
    if ('fault' in read) return;
    const { alg: _, ...rest } = read.value;
    area('header').value = JSON.stringify({ alg, ...rest }, null, 2);
    if (area('payload').value.trim() === '') area('payload').value = '{}';
    await this.content();
  }

  async judge() {
    const [token, now] = [this.tokenText(), this.now()];
    const question = { issuer: input('issuer').value, audience: input('audience').value, typ: input('typ').value, now };
    let explained = null;
    try {
      explained = token === '' ? null : await explanation(token, this.ring, question, this.rules);
    } catch (error) {
      this.trouble = nameOf(error);
      explained = await explanation(token, readKeys('', 'text'), question, this.rules).catch(() => null);
    }
    this.explained = explained;
    if (explained?.signature?.verdict === 'good') this.good = { token: explained.shape.clean, key: area('key').value };
    this.show();
    await this.keyStatus();
  }

  show() {
    const [words, now, explained] = [this.words, this.now(), this.explained];
    showColours(area('token').value);
    showVerdict(explained, words, now);
    showFindings(explained, words, now);
    const isBad = explained?.signature?.verdict !== 'good' && this.good?.key === area('key').value;
    showChanges(isBad && explained && this.good ? changes(this.good.token, explained.shape.clean) : [], words);
    this.faults([null, null]);
    this.members();
    const origin = this.wasKept ? 'kept' : this.isOurs ? 'followed' : 'pasted';
    byId('origin', HTMLElement).textContent = explained ? words.page(origin) : '';
    this.live();
  }

  members() {
    showMembers('header', area('header').value, this.words, this.now(), this.most.header);
    showMembers('payload', area('payload').value, this.words, this.now(), this.most.payload);
  }

  /** @param {(string | null | undefined)[]} faults */
  faults(faults) {
    for (const [index, part] of /** @type {const} */ (['header', 'payload']).entries()) {
      const fault = faults[index];
      const text = fault ? this.words.finding(finding(fault, { part: { part } }), 0).text : '';
      byId(`${part}-fault`, HTMLElement).textContent = fault ? this.words.page(`broken_${part}`, { fault: text }) : '';
      area(part).setAttribute('aria-invalid', String(Boolean(fault)));
    }
  }

  async keyStatus() {
    const alg = this.headerAlgorithm();
    const { text, isBad, half } = await this.describeKey(alg);
    const status = byId('key-status', HTMLElement);
    status.replaceChildren(...sentence(text));
    status.classList.toggle('bad', isBad);
    byId('public', HTMLElement).hidden = half === null;
    byId('public-pem', HTMLElement).textContent = half?.pem ?? '';
    byId('public-jwk', HTMLElement).textContent = half?.jwk ?? '';
  }

  /** @param {string} alg */
  async describeKey(alg) {
    try {
      const found = await describe(this.ring, alg, this.words);
      if (this.keyFault === null && this.trouble === null) return found;
    } catch (error) {
      this.trouble = nameOf(error);
    }
    return { text: this.words.page(this.trouble ?? this.keyFault ?? '', { alg }), isBad: true, half: null };
  }

  async generate() {
    const alg = select('algorithm').value;
    try {
      const made = await generate(alg);
      select('encoding').value = 'text';
      area('key').value = made;
    } catch (error) {
      this.trouble = nameOf(error);
      return this.keyStatus();
    }
    this.good = null;
    if (this.headerAlgorithm() !== alg) await this.algorithm();
    await this.key();
    if (this.tokenText() !== '') await this.content(true);
  }

  async example() {
    const [now, alg] = [this.now(), select('algorithm').value];
    area('header').value = JSON.stringify({ alg, typ: 'at+jwt' }, null, 2);
    const claims = { iss: 'https://auth.example.com', sub: 'kimalo', aud: 'orders', iat: now, exp: now + 3600, jti: crypto.randomUUID?.() ?? '1' };
    area('payload').value = JSON.stringify(claims, null, 2);
    const canSign = this.ring.keys.some((one) => one.isPrivate && fits(one, alg));
    if (!canSign) await this.generate();
    await this.content(true);
  }

  async clear() {
    this.good = null;
    for (const id of ['token', 'key']) area(id).value = '';
    await this.token();
    await this.key();
    area('token').focus();
  }

  async copy() {
    const label = button('copy');
    const done = await navigator.clipboard?.writeText(this.tokenText()).then(() => true, () => false);
    label.textContent = this.words.page(done ? 'copied' : 'copy_failed');
    setTimeout(() => (label.textContent = this.words.page('copy')), 1500);
  }

  serverKeys() {
    if (!this.server) return;
    area('key').value = pretty(this.server.jwks);
    input('issuer').value = this.server.issuer;
    input('audience').value = this.server.audience ?? '';
    return this.key();
  }

  live() {
    const { header, claims } = this.explained?.shape.content ?? {};
    const isOwn = this.server !== null && claims !== undefined && member(claims, 'iss') === this.server.issuer;
    byId('live', HTMLElement).hidden = !isOwn;
    if (!isOwn || !this.server || !header) return;
    const isRefresh = member(header, 'typ') === 'rt+jwt';
    button('live-ask').hidden = isRefresh;
    const what = isRefresh ? 'live_refresh' : 'live_what';
    byId('live-what', HTMLElement).textContent = this.words.page(what, { address: this.server.introspect });
    if (this.explained?.shape.clean !== this.asked) byId('live-answer', HTMLElement).replaceChildren();
  }

  async ask() {
    const token = this.explained?.shape.clean;
    if (!this.server || !token) return;
    this.asked = token;
    button('live-ask').disabled = true;
    const { good, text } = await ask(token, this.server, this.words);
    button('live-ask').disabled = false;
    const answer = byId('live-answer', HTMLElement);
    if (this.explained?.shape.clean !== token) return;
    answer.className = good ? 'good' : 'bad';
    answer.textContent = text;
  }

  language() {
    this.words = new Words(this.vocabulary, languageOf(select('language').value));
    document.documentElement.lang = this.words.language;
    for (const labelled of document.querySelectorAll('[data-t]')) {
      if (labelled instanceof HTMLElement) labelled.textContent = this.words.page(labelled.dataset.t ?? '');
    }
    area('token').placeholder = this.words.page('token_hint');
    document.title = `${this.words.page('title')} · Tokenry`;
    return this.judge();
  }

  tokenText() {
    return area('token').value.trim();
  }

  headerAlgorithm() {
    const read = readObject(area('header').value);
    const alg = 'value' in read ? member(read.value, 'alg') : undefined;
    return typeof alg === 'string' ? alg : select('algorithm').value;
  }

  now() {
    return Math.floor(Date.now() / 1000);
  }
}

/**
 * @param {string} tag
 * @returns {'en' | 'ko'}
 */
function languageOf(tag) {
  return tag === 'ko' ? 'ko' : 'en';
}

/** @param {unknown} error */
function nameOf(error) {
  return error instanceof KeyError ? error.message : 'key_broken';
}

new Page().start();
