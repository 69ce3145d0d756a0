// The flow of the token method, made visible.

import { Holder, follow } from "./client.js";
import { Diagram } from "./diagram.js";
import { claims, show } from "./token.js";
import { words } from "./words.js";

/** How old a token the service takes, in seconds: an hour would be long to wait. */
const MOST_AGE = 20;
/** What a visitor does, in order; each is free to be done again. */
/** @type {(keyof typeof actions)[]} */
const TOUR = ["sign_up", "call", "wait", "call", "steal", "thief_call", "thief_refresh", "refresh", "thief_call", "log_in", "end", "call"];

const place = /** @type {HTMLElement} */ (document.getElementById("playground"));
const base = place.dataset.base ?? "";
const find = (/** @type {string} */ name) => /** @type {HTMLElement} */ (place.querySelector(`[data-part="${name}"]`));

const diagram = new Diagram(find("diagram"), words.parties);
const tell = diagram.add.bind(diagram);
const owner = new Holder("browser", base, tell);
const thief = new Holder("thief", base, tell);
const account = { username: "", password: "" };
/** Sessions that began here and have ended. @type {Set<string>} */
const ended = new Set();
let step = 0;
let isBusy = false;

const actions = {
  async sign_up() {
    account.username = `guest-${crypto.randomUUID().slice(0, 8)}`;
    account.password = `${crypto.randomUUID()} playground`;
    return enter("/v1/signup", account, "sign_up");
  },
  async log_in() {
    return enter("/v1/login", { identifier: account.username, password: account.password }, "log_in");
  },
  async call() {
    const answer = await owner.order(MOST_AGE);
    if (answer.code !== "token_expired") return called(answer);
    const renewed = await owner.refresh();
    if (!renewed.ok) return refreshed(renewed, "");
    const repeated = await owner.order(MOST_AGE);
    return repeated.ok ? words.told.renewed : called(repeated);
  },
  async wait() {
    narrate(words.told.waiting);
    while (left() > 0) await new Promise((go) => setTimeout(go, 250));
    return words.told.expired;
  },
  async steal() {
    thief.keep(owner.pair);
    return words.told.steal;
  },
  async thief_call() {
    const answer = await thief.order(MOST_AGE);
    return answer.ok ? words.told.thief_call : called(answer);
  },
  async thief_refresh() {
    return refreshed(await thief.refresh(), words.told.thief_refresh);
  },
  async refresh() {
    return refreshed(await owner.refresh(), words.told.refresh);
  },
  async end() {
    // Another device of the same user: a log-in of its own.
    const device = new Holder("browser", base, () => {});
    const entered = await device.enter("/v1/login", { identifier: account.username, password: account.password });
    if (!entered.ok || !owner.pair) return words.told.failed(entered.code);
    const session = owner.pair.session_id;
    device.tell = tell;
    const answer = await device.end(session);
    await device.end(device.pair?.session_id ?? "");
    return answer.ok ? words.told.end : words.told.failed(answer.code);
  },
};

/** Which actions make sense now. @type {Record<keyof typeof actions, () => boolean>} */
const isPossible = {
  sign_up: () => !owner.pair,
  log_in: () => account.username !== "" && (!owner.pair || isOver(owner)),
  call: () => owner.pair !== null,
  wait: () => owner.pair !== null && !isOver(owner) && left() > 0,
  steal: () => owner.pair !== null && !isOver(owner),
  thief_call: () => thief.pair !== null,
  thief_refresh: () => thief.pair !== null && !isOver(thief),
  refresh: () => owner.pair !== null && !isOver(owner),
  end: () => owner.pair !== null && !isOver(owner),
};

/** What to do next: the next of the tour that is possible. */
function suggestion() {
  return TOUR.slice(step).find((name) => isPossible[name]());
}

/** @param {string} path @param {object} body @param {"sign_up" | "log_in"} told */
async function enter(path, body, told) {
  const answer = await owner.enter(path, body);
  if (answer.ok) thief.keep(null);
  return answer.ok ? words.told[told] : words.told.failed(answer.code);
}

/** @param {import("./client.js").Answer} answer */
function called(answer) {
  if (answer.ok) return words.told.call(answer.body.verified_in_micros);
  return answer.code === "token_revoked" ? words.told.refused : words.told.failed(answer.code);
}

/** @param {import("./client.js").Answer} answer @param {string} told */
function refreshed(answer, told) {
  if (answer.ok) return told;
  if (answer.code === "refresh_reused") return words.told.caught;
  return answer.code === "token_revoked" ? words.told.gone : words.told.failed(answer.code);
}

/** Seconds for which the service still takes the owner's token; the server's clock counts. */
function left() {
  if (!owner.pair) return 0;
  const now = Date.now() / 1000 + owner.ahead;
  return Math.max(0, (claims(owner.pair.access_token).iat ?? 0) + MOST_AGE - now);
}

const isOver = (/** @type {Holder} */ holder) => holder.pair !== null && ended.has(holder.pair.session_id);

/** @param {string} text */
function narrate(text) {
  find("told").textContent = text;
}

/** @param {keyof typeof actions} name */
async function act(name) {
  if (isBusy) return;
  isBusy = true;
  draw();
  if (name === suggestion()) step = TOUR.indexOf(name, step) + 1;
  const told = await actions[name]();
  isBusy = false;
  narrate(step === TOUR.length && isOver(owner) && name === "call" ? `${told} ${words.told.again}` : told);
  draw();
}

function draw() {
  show(find("access"), owner.pair?.access_token);
  show(find("refresh"), owner.pair?.refresh_token);
  show(find("stolen"), thief.pair?.refresh_token);
  find("stolen").hidden = !thief.pair;
  const next = isBusy ? undefined : suggestion();
  for (const [name, button] of buttons) {
    button.setAttribute("aria-disabled", String(isBusy || !isPossible[name]()));
    button.classList.toggle("quiet", name !== next);
    button.toggleAttribute("data-next", name === next);
  }
  find("progress").setAttribute("value", String(step));
}

function tick() {
  const seconds = isOver(owner) ? 0 : Math.ceil(left());
  const spent = isOver(owner) ? words.age.revoked : words.age.expired;
  find("age").textContent = !owner.pair ? "" : seconds > 0 ? words.age.fresh(seconds) : spent;
  find("meter").setAttribute("value", String(seconds && left()));
}

const names = /** @type {(keyof typeof actions)[]} */ (Object.keys(words.actions));
const buttons = new Map(names.map((name) => {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "button quiet";
  button.dataset.action = name;
  button.textContent = words.actions[name];
  button.addEventListener("click", () => button.getAttribute("aria-disabled") !== "true" && act(name));
  return [name, button];
}));
find("actions").append(...buttons.values());
for (const [name, text] of Object.entries(words.tokens)) {
  for (const label of place.querySelectorAll(`[data-word="${name}"]`)) label.textContent = text;
}
for (const [name, text] of Object.entries(words.parties)) find(`lane-${name}`).textContent = text;
find("progress").setAttribute("max", String(TOUR.length));
find("meter").setAttribute("max", String(MOST_AGE));

follow(base, (session) => {
  if (session !== owner.pair?.session_id && session !== thief.pair?.session_id) return;
  ended.add(session);
  tell({ from: "tokenry", to: "service", text: "revocation: sid" });
  draw();
});
setInterval(tick, 250);
narrate(words.told.start);
draw();
tick();
place.hidden = false;
