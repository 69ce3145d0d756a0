// Two usual ways, in a few lines each. The pair is in localStorage, which all tabs share.
const read = () => JSON.parse(localStorage.getItem("pair"));
const write = (pair) => localStorage.setItem("pair", JSON.stringify({ ...pair, at: Date.now() }));
const post = async (url, body) => {
  const answer = await fetch(url, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
  return answer.ok ? write(await answer.json()) : undefined;
};
const send = (url) => fetch(url, { headers: { Authorization: `Bearer ${read().access_token}` } });
const refresher = (at) => {
  let running;
  return () => (running ??= post(`${at}/v1/refresh`, { refresh_token: read().refresh_token }).finally(() => (running = undefined)));
};

/** Waits for a 401, refreshes, and repeats: an axios interceptor. */
export function plain(at) {
  const refresh = refresher(at);
  return {
    signup: (account) => post(`${at}/v1/signup`, account),
    async fetch(url) {
      const answer = await send(url);
      if (answer.status !== 401) return answer;
      await refresh();
      return send(url);
    },
  };
}

/** Each tab looks at the clock by itself and refreshes before expiry: the last tenth of the lifetime, looked at in thirds. */
export function timers(at) {
  const refresh = refresher(at);
  const isOld = (pair) => pair && Date.now() - pair.at > pair.expires_in * 900;
  const tick = () => isOld(read()) && void refresh().catch(() => {});
  const start = () => setInterval(tick, (read().expires_in * 1000) / 30);
  if (read()) start();
  return {
    signup: (account) => post(`${at}/v1/signup`, account).then(start),
    async fetch(url) {
      if (isOld(read())) await refresh();
      return send(url);
    },
  };
}
