// The debugger in a real browser, beside a real server. `jose` is the independent judge.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { pathToFileURL } from 'node:url';

import { call, close, folder, issuer, open, packaged } from './site.mjs';

const jose = await import(pathToFileURL(packaged('jose/dist/webapi/index.js')));
const { SignJWT, compactVerify, exportPKCS8, exportSPKI, generateKeyPair, importJWK, importSPKI } = jose;

const HTTPS = 'https://auth.example.com';
const SECRET = '0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef';
const ALGORITHMS = ['HS256', 'HS384', 'HS512', 'RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA'];

let pair;
let file;
before(async () => {
  pair = await call('/v1/signup', { username: `kim${Date.now()}`, password: 'correct horse battery' });
  file = join(folder, 'debugger.html');
  const response = await fetch(`${issuer}/debugger/offline`);
  assert.match(response.headers.get('content-disposition'), /attachment/);
  writeFileSync(file, await response.text());
});
after(close);

const claims = () => {
  const now = Math.floor(Date.now() / 1000);
  return { iss: HTTPS, sub: 'kim', aud: 'orders', iat: now, exp: now + 600 };
};
const secretToken = (payload = claims(), header = {}) =>
  new SignJWT(payload).setProtectedHeader({ alg: 'HS256', typ: 'at+jwt', ...header }).sign(new TextEncoder().encode(SECRET));

/** A pair of keys; making those of RSA takes a second each, so they are kept. */
const pairs = new Map();
const pairOf = (alg) => {
  if (!pairs.has(alg)) pairs.set(alg, generateKeyPair(alg, { extractable: true }));
  return pairs.get(alg);
};

/** Runs a test on the served page and on the file, which asks nobody for anything. */
function everywhere(name, run) {
  test(name, async () => run(await open()));
  test(`${name}, from disk`, async () => run(await open(pathToFileURL(file).href, { offline: true })));
}

everywhere('what the page signs with each algorithm is verified by jose, and edits are signed at once', async (site) => {
  for (const alg of ALGORITHMS) {
    await site.page.selectOption('#algorithm', alg);
    await site.page.click('#generate');
    await site.page.click('#example');
    await site.verdict('good');
    const first = await site.token();
    await site.payload(JSON.stringify({ ...claims(), edited: alg }));
    await site.page.waitForFunction((old) => document.getElementById('token').value !== old, first);
    await site.verdict('good');
    const token = await site.token();
    const key = await site.page.inputValue('#key');
    const judge = alg.startsWith('HS') ? new TextEncoder().encode(key) : await importSPKI(await site.page.locator('#public-pem').textContent(), alg);
    const verified = await compactVerify(token, judge);
    assert.equal(JSON.parse(new TextDecoder().decode(verified.payload)).edited, alg);
    if (!alg.startsWith('HS')) await importJWK(JSON.parse(await site.page.locator('#public-jwk').textContent()), alg).then((jwk) => compactVerify(token, jwk));
  }
  await site.quiet();
});

everywhere('tokens that jose signs are verified by secret, PEM, JWK and JWKS', async (site) => {
  for (const alg of ALGORITHMS.filter((name) => !name.startsWith('HS'))) {
    const { publicKey, privateKey } = await pairOf(alg);
    const jwk = { ...(await crypto.subtle.exportKey('jwk', publicKey)), kid: 'one', alg, key_ops: undefined };
    const token = await new SignJWT(claims()).setProtectedHeader({ alg, kid: 'one' }).sign(privateKey);
    await site.paste(token);
    const keys = [await exportSPKI(publicKey), await exportPKCS8(privateKey), JSON.stringify(jwk), JSON.stringify({ keys: [{ kty: 'x' }, jwk] })];
    for (const key of keys) {
      await site.key('');
      await site.verdict('open');
      await site.key(key);
      await site.verdict('good');
    }
    assert.equal(await site.token(), token, 'a pasted token is judged, not changed');
  }
  await site.paste(await secretToken());
  await site.key(SECRET);
  await site.verdict('good');
  assert.equal(await site.text('#verdict strong'), 'Signature verified');
  await site.quiet();
});

everywhere('each changed character is caught, and what changed is named', async (site) => {
  const token = await secretToken({ ...claims(), role: 'user' });
  await site.paste(token);
  await site.key(SECRET);
  await site.verdict('good');
  const [header, payload, signature] = token.split('.');
  const places = { header: 3, payload: header.length + 8, signature: header.length + payload.length + 9 };
  for (const [part, at] of Object.entries(places)) {
    const other = token[at] === 'A' ? 'B' : 'A';
    await site.paste(token.slice(0, at) + other + token.slice(at + 1));
    await site.verdict('bad');
    assert.match(await site.text('#changes'), new RegExp(`the ${part} changed`), part);
  }
  const altered = Buffer.from(Buffer.from(payload, 'base64url').toString().replace('"user"', '"admin"')).toString('base64url');
  await site.paste(`${header}.${altered}.${signature}`);
  await site.verdict('bad');
  assert.match(await site.text('#changes'), /role[^]*"user"[^]*"admin"/);
  assert.equal(await site.text('#verdict strong'), 'Signature not verified');
  await site.paste(token);
  await site.verdict('good');
  assert.equal(await site.text('#changes'), '');
  await site.quiet();
});

everywhere('it warns', async (site) => {
  const none = `${Buffer.from('{"alg":"none"}').toString('base64url')}.e30.`;
  await site.key('');
  for (const [token, id] of [
    [none, 'alg_none'],
    [await secretToken({ ...claims(), exp: 1480849147370 }), 'milliseconds'],
    [await secretToken({ sub: 'kim', iss: HTTPS }), 'missing_exp'],
    [await secretToken({ sub: 'kim', iss: HTTPS }), 'missing_aud'],
    [await secretToken({ ...claims(), password: 'hunter2' }), 'secret_in_payload'],
    [await secretToken({ ...claims(), exp: 4000000000 }), 'absurd_life'],
    [await new SignJWT(claims()).setProtectedHeader({ alg: 'HS256' }).sign(new TextEncoder().encode('secret')), 'weak_secret'],
  ]) {
    await site.paste(token);
    await site.page.waitForSelector(`#findings [data-id=${id}]`);
    if (id === 'alg_none') assert.match(await site.text('#verdict'), /Signature not verified[^]*alg is none/);
  }
  await site.paste(await new SignJWT(claims()).setProtectedHeader({ alg: 'HS256', crit: ['b64'], b64: true }).sign(new TextEncoder().encode(SECRET)));
  await site.key(SECRET);
  await site.verdict('bad');
  assert.match(await site.text('#verdict'), /crit names extensions/);
  const { publicKey } = await generateKeyPair('RS256');
  const pem = await exportSPKI(publicKey);
  await site.paste(await new SignJWT(claims()).setProtectedHeader({ alg: 'HS256' }).sign(new TextEncoder().encode(pem)));
  await site.key(pem);
  await site.page.waitForSelector('#findings [data-id=forged]');
  await site.quiet();
});

everywhere('large, broken and hostile tokens neither freeze the page nor run in it', async (site) => {
  const many = Object.fromEntries(Array.from({ length: 10_000 }, (_, index) => [`claim${index}`, index]));
  const large = `e30.${Buffer.from(JSON.stringify({ a: 'x'.repeat(780_000) })).toString('base64url')}.AA`;
  assert.ok(large.length > 1_000_000);
  const started = performance.now();
  for (const [token, id] of [
    [large, 'too_large'],
    ['a'.repeat(1_000_000), 'too_large'],
    ['.'.repeat(1_000_000), 'too_large'],
    [await secretToken(many), 'too_large'],
    ['\u0000\u202e💥.💥.💥', 'not_base64url'],
    ['garbage', 'parts'],
    [`${Buffer.from('{"alg":"HS256","alg":"none"}').toString('base64url')}.e30.AA`, 'duplicate_member'],
  ]) {
    await site.paste(token);
    await site.page.waitForSelector(`#findings [data-id=${id}]`);
  }
  assert.ok(performance.now() - started < 60_000);
  await site.paste(await secretToken(many));
  await site.page.waitForSelector('#payload-more:not([hidden])');
  assert.equal(await site.page.locator('#payload-members dt').count(), 50);
  await site.page.click('#payload-more');
  assert.equal(await site.page.locator('#payload-members dt').count(), 100);
  const attacks = ['<img src=x onerror=alert(1)>', '"><script>alert(1)</script>', '</script><script>alert(1)</script>', "javascript:alert('1')", '{{alert(1)}}', '<svg/onload=alert(1)>', '${alert(1)}', '__proto__'];
  for (const attack of attacks) {
    await site.paste(await secretToken({ ...claims(), iss: attack, [attack]: attack, aud: [attack] }, { kid: attack, typ: attack }));
    await site.key(attack);
    await site.key(JSON.stringify({ keys: [{ kty: 'oct', kid: attack, k: 'AA' }] }));
    await site.page.waitForFunction((text) => document.getElementById('payload-members').textContent.includes(text.slice(0, 20)), attack);
  }
  assert.equal(await site.page.locator('main img, main script, main svg').count(), 0);
  await site.quiet();
});

everywhere('header, payload, key and algorithm are edited, and the signature follows or is told to be old', async (site) => {
  const changed = async (edit, state) => {
    const before = await site.token();
    await edit();
    await site.page.waitForFunction((old) => document.getElementById('token').value !== old, before);
    await site.verdict(state);
    return site.token();
  };
  await site.page.selectOption('#algorithm', 'HS256');
  await site.page.click('#example');
  await site.verdict('good');
  const byKey = await changed(() => site.key(SECRET), 'good');
  await compactVerify(byKey, new TextEncoder().encode(SECRET));
  await changed(() => site.header('{"alg":"HS256","kid":"new"}'), 'good');
  const byAlgorithm = await changed(() => site.page.selectOption('#algorithm', 'HS512'), 'good');
  const { protectedHeader } = await compactVerify(byAlgorithm, new TextEncoder().encode(SECRET));
  assert.deepEqual(protectedHeader, { alg: 'HS512', kid: 'new' });
  await site.payload('{"sub":"kim","sub":"lee"}');
  await site.page.waitForSelector('#payload-fault:not(:empty)');
  assert.equal(await site.token(), byAlgorithm, 'what can not be encoded changes nothing');
  const exact = await changed(() => site.payload('{"big":12345678901234567890}'), 'good');
  assert.equal(Buffer.from(exact.split('.')[1], 'base64url').toString(), '{"big":12345678901234567890}');
  await site.key('');
  await site.verdict('open');
  const unsigned = await changed(() => site.payload('{"sub":"lee"}'), 'open');
  assert.equal(unsigned.split('.')[2], exact.split('.')[2], 'without a key the old signature stays');
  await site.key(SECRET);
  await site.verdict('bad');
  await site.key('short');
  await site.page.waitForSelector('#key-status.bad');
  await site.quiet();
});

test('a token of this server: verified by its keys, then asked about at the press of a button alone', async () => {
  const site = await open();
  await site.paste(pair.access_token);
  await site.page.click('#server-keys');
  await site.verdict('good');
  assert.deepEqual(await site.findings(), ['fine', 'signature_good']);
  assert.match(await site.text('#live-what'), new RegExp(`${issuer}/v1/introspect`));
  assert.deepEqual(site.requests, []);
  await site.page.click('#live-ask');
  await site.page.waitForSelector('#live-answer.good');
  assert.deepEqual(site.requests, [`${issuer}/v1/introspect`]);
  await call('/v1/logout', null, pair.access_token);
  await site.page.click('#live-ask');
  await site.page.waitForSelector('#live-answer.bad');
  assert.match(await site.text('#live-answer'), /401 token_revoked: the user logged out/);
  await site.paste(pair.refresh_token);
  await site.page.waitForSelector('#live-ask', { state: 'hidden' });
  assert.match(await site.text('#live-what'), /refresh token/);
  await site.close();
});

test('the policy stops any other request, even one by a script in the page', async () => {
  for (const address of [`${issuer}/debugger`, pathToFileURL(file).href]) {
    const { page, close: done } = await open(address);
    const outcome = await page.evaluate(async (to) => {
      const tries = [() => fetch(to), () => fetch('https://evil.example/'), () => new Promise((good, bad) => {
        const image = new Image();
        [image.onload, image.onerror] = [good, bad];
        image.src = `${to}?stolen`;
      })];
      const results = await Promise.allSettled(tries.map((attempt) => attempt()));
      return results.map(({ status }) => status);
    }, `${issuer}/healthz`);
    assert.deepEqual(outcome, ['rejected', 'rejected', 'rejected']);
    await done();
  }
});

test('it has no accessibility violations, in both languages, light and dark, and fits 320 pixels', async () => {
  const axe = readFileSync(packaged('axe-core/axe.min.js'), 'utf8');
  for (const colorScheme of ['light', 'dark']) {
    for (const [locale, width] of [['en-US', 1280], ['ko-KR', 320]]) {
      const site = await open(undefined, { locale, colorScheme, viewport: { width, height: 900 }, bypassCSP: true });
      await site.page.click('#example');
      await site.verdict('good');
      await site.payload(JSON.stringify({ ...claims(), password: 'x', exp: 1480849147370 }));
      await site.page.waitForSelector('#findings .warning');
      const good = await site.token();
      for (const token of [good, `${good.slice(0, -8)}AAAAAAAA`]) {
        await site.paste(token);
        await site.verdict(token === good ? 'good' : 'bad');
        await site.page.addScriptTag({ content: axe });
        const { violations } = await site.page.evaluate(() => axe.run());
        assert.deepEqual(violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)]), []);
      }
      const overflow = await site.page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      assert.ok(overflow <= 0, `${overflow} pixels too wide at ${width}`);
      if (locale === 'ko-KR') assert.equal(await site.text('h1'), 'JWT 디버거');
      const shots = process.env.SCREENSHOTS;
      if (shots) await site.page.screenshot({ path: join(shots, `debugger-${colorScheme}-${width}.png`), fullPage: true });
      await site.close();
    }
  }
});

test('the language is changed in place, and the keyboard reaches everything', async () => {
  const site = await open();
  await site.paste(await secretToken());
  await site.key(SECRET);
  await site.verdict('good');
  await site.page.selectOption('#language', 'ko');
  await site.page.waitForFunction(() => document.querySelector('#verdict strong').textContent === '서명이 확인되었습니다');
  assert.equal(await site.page.getAttribute('html', 'lang'), 'ko');
  await site.page.focus('#token');
  const reached = new Set();
  for (let step = 0; step < 30; step += 1) {
    await site.page.keyboard.press('Tab');
    reached.add(await site.page.evaluate(() => document.activeElement.id));
  }
  for (const id of ['header', 'payload', 'algorithm', 'key', 'sign', 'generate', 'server-keys']) assert.ok(reached.has(id), id);
  await site.quiet();
});
