// The one request that the page can make: the server is asked about a token of its own, at the press of a button.
import { member } from './json.js';
import { visible } from './words.js';

/** @typedef {{ issuer: string, audience: string | null, introspect: string, jwks: string }} Server */
/** @typedef {import('./words.js').Words} Words */

/**
 * @param {string | undefined} json
 * @returns {Server | null}
 */
export function readServer(json) {
  return json ? JSON.parse(json) : null;
}

/**
 * What the server makes of the token, in words.
 * @param {string} token
 * @param {Server} server
 * @param {Words} words
 * @returns {Promise<{ good: boolean, text: string }>}
 */
export async function ask(token, server, words) {
  try {
    const response = await fetch(server.introspect, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ token }),
      credentials: 'omit',
      cache: 'no-store',
      signal: AbortSignal.timeout(5000),
    });
    return judge(response.status, await response.json(), words);
  } catch {
    return { good: false, text: words.page('live_unreachable') };
  }
}

/**
 * @param {number} status
 * @param {Record<string, unknown>} answer
 * @param {Words} words
 */
function judge(status, answer, words) {
  const text = (/** @type {string} */ name) => visible(String(member(answer, name) ?? '').slice(0, 200));
  if (status === 200) {
    const active = member(answer, 'active') === true;
    return { good: active, text: words.page(active ? 'live_active' : 'live_inactive', { user: text('username') || text('sub') }) };
  }
  const reason = text('reason');
  const detail = reason === '' ? text('detail') : words.page(`reason_${reason}`);
  return { good: false, text: words.page('live_refused', { status, code: text('code'), detail }) };
}
