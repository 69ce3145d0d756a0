// The page's modules say what the terminal says: the vectors that the Rust tests run, too.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { explain } from './modules.mjs';
import { modules, read, vectors } from './modules.mjs';

const { Words } = await modules('words.js');
const { findings: known } = read('words.json');

test('each vector gives its findings, in the same words', async () => {
  const { now, keys, cases } = vectors('debugger/findings.json');
  const words = new Words(read('words.json'), 'en');
  for (const { name, token, key, question, findings } of cases) {
    const found = await explain(token, key === null ? null : keys[key], { ...question, now });
    const said = found.map((one) => [one.id, words.finding(one, now).text]);
    assert.deepEqual(said, findings, name);
  }
});

test('the verifier and the findings agree on its vectors', async () => {
  const { issuer, audience, now, jwks, cases } = vectors('jwt/verify.json');
  for (const { name, token, reason } of cases) {
    const found = await explain(token, { jwks }, { issuer, audience, typ: 'at+jwt', now });
    const problems = found.filter(({ id }) => known[id].severity === 'problem').map(({ id }) => known[id].code);
    if (reason === 'ok') assert.deepEqual(problems, [], name);
    else assert.notDeepEqual(problems, [], name);
  }
});
