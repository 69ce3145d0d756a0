// The modules by themselves: keys in every shape, JSON with one reading, what differs.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';

import { modules, read } from './modules.mjs';

const base64url = await modules('base64url.js');
const { compact, pretty, readObject } = await modules('json.js');
const { KeyError, generate, readKeys } = await modules('keys.js');
const { sign, verify } = await modules('signature.js');
const { changes } = await modules('changes.js');
const { Words, quoted } = await modules('words.js');

test('base64url has one spelling', () => {
  assert.deepEqual([...base64url.decode('aGk').bytes], [104, 105]);
  for (const text of ['aGk=', 'aG k', 'a', 'a+k_', 'aGkñ', 'aGk\n']) assert.equal(base64url.decode(text).fault, 'not_base64url', text);
  assert.equal(base64url.decode('aGl').fault, 'trailing_bits');
  const bytes = crypto.getRandomValues(new Uint8Array(50_000));
  assert.deepEqual(base64url.decode(base64url.encode(bytes)).bytes, bytes);
});

test('JSON that JSON.parse takes otherwise than the verifier is refused', () => {
  for (const [text, fault] of [
    ['{"a":1,"a":1}', 'duplicate_member'], ['{"a":1,"\\u0061":1}', 'duplicate_member'], ['{"a":"\\ud800"}', 'lone_surrogate'],
    ['[]', 'not_object'], ['', 'not_object'], ['\ufeff{}', 'not_object'], ['{"a":01}', 'not_json'], ['{"a":1}x', 'not_json'],
    ['{"a":1e999}', 'not_json'], ['{"a":"\n"}', 'not_json'], [`{"a":${'['.repeat(99)}`, 'too_deep'], ['{"a":+1}', 'not_json'], ['{a:1}', 'not_json'],
  ]) assert.equal(readObject(text).fault, fault, text);
  assert.equal(readObject('{"a":"\\ud83d\\ude00"}').value.a, '😀');
});

test('a text keeps its meaning and its digits when it is spread out and put together', () => {
  const text = '{"a":[1.0,{}, [],12345678901234567890],"b":"x  \\" {,} y","c":{"d":null}}';
  assert.equal(compact(pretty(text)), compact(text));
  assert.ok(compact(text).includes('12345678901234567890') && compact(text).includes('x  \\" {,} y'));
  assert.equal(compact(pretty('not json at all }}}}')), 'notjsonatall}}}}');
});

test('OpenSSL keys of every kind sign and verify', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'keys-'));
  const openssl = (...arguments_) => execFileSync('openssl', arguments_, { cwd: folder, stdio: ['ignore', 'pipe', 'ignore'] });
  const file = (name) => readFileSync(join(folder, name), 'utf8');
  for (const [alg, options] of [
    ['RS256', ['-algorithm', 'RSA', '-pkeyopt', 'rsa_keygen_bits:2048']],
    ['ES256', ['-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256']],
    ['ES384', ['-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-384']],
    ['EdDSA', ['-algorithm', 'ED25519']],
  ]) {
    openssl('genpkey', ...options, '-out', 'private');
    openssl('pkey', '-in', 'private', '-pubout', '-out', 'public');
    openssl('req', '-x509', '-key', 'private', '-subj', '/CN=a', '-days', '1', '-out', 'certificate');
    const privates = ['private'];
    const publics = ['public', 'certificate'];
    if (alg !== 'EdDSA') privates.push((openssl('pkey', '-in', 'private', '-traditional', '-out', 'traditional'), 'traditional'));
    if (alg === 'RS256') publics.push((openssl('rsa', '-in', 'private', '-RSAPublicKey_out', '-out', 'pkcs1'), 'pkcs1'));
    for (const name of privates) {
      const [key] = readKeys(file(name), 'text').keys;
      const parts = ['e30', 'e30', await sign('e30.e30', key, alg)];
      for (const half of [...privates, ...publics]) assert.ok(await verify(parts, readKeys(file(half), 'text').keys[0], alg), `${alg} ${name} ${half}`);
    }
  }
  rmSync(folder, { recursive: true });
});

test('what is no key is named, and never crashes', async () => {
  const page = read('words.json').page;
  const pem = await generate('ES256');
  const texts = [
    '-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----', pem.slice(0, 60), pem.replace('M', '!'),
    '-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----', '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----',
    '-----BEGIN EC PRIVATE KEY-----\nMAMCAQE=\n-----END EC PRIVATE KEY-----', '{}', '{"keys":1}', '{"kty":"oct"}', '{"kty":"EC","crv":"secp256k1"}', '{"kty":"oct","kty":"oct"}',
    '{"kty":"RSA","use":"enc"}', 'x'.repeat(300_000), `{"keys":[${'{},'.repeat(300)}{}]}`,
  ];
  for (const text of texts) assert.throws(() => readKeys(text, 'text'), (error) => error instanceof KeyError && Object.hasOwn(page, error.message), text.slice(0, 60));
  assert.throws(() => readKeys('not base64url!', 'base64url'), KeyError);
});

test('what differs is told by part, place and member', () => {
  const part = (object) => Buffer.from(JSON.stringify(object)).toString('base64url');
  const good = `${part({ alg: 'HS256' })}.${part({ role: 'user', a: 1 })}.AAAA`;
  const [change] = changes(good, `${part({ alg: 'HS256' })}.${part({ role: 'admin' })}.AAAA`);
  assert.equal(change.part, 'payload');
  assert.deepEqual(change.members, [{ name: 'role', was: '"user"', is: '"admin"' }, { name: 'a', was: '1', is: null }]);
  assert.deepEqual(changes(good, good), []);
  assert.deepEqual(changes(good, 'x.y.z'), []);
  assert.deepEqual(changes(good, 'x'), []);
});

test('text of a token is shown, not obeyed', () => {
  assert.equal(quoted('\u202e\u0000a"b'), '"\\u202e\\u0000a\\"b"');
  assert.equal([...quoted('a'.repeat(1000))].length, 66);
});

test('every word is there in both languages, and no sentence lacks a place', () => {
  const vocabulary = read('words.json');
  for (const section of ['findings', 'members', 'parts', 'page', 'verdict']) {
    for (const [name, { en, ko }] of Object.entries(vocabulary[section])) {
      const places = (text) => [...text.matchAll(/\{\w+\}/g)].map(String).sort();
      assert.deepEqual(places(ko), places(en), name);
      assert.match(ko, /[가-힣]/, name);
    }
  }
  assert.equal(new Words(vocabulary, 'ko').finding({ id: 'expired', values: { span: { span: 180 } } }, 0).text, '3분 전에 만료되었습니다');
});
