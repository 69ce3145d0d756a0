// Who said what to whom: a list that is drawn as a sequence diagram.

/** @type {import("./client.js").Party[]} */
const LANES = ["browser", "thief", "service", "tokenry"];
/** Older messages are dropped. */
const MOST = 60;

export class Diagram {
  /** @param {HTMLElement} list an `ol` @param {Record<string, string>} names of the parties */
  constructor(list, names) {
    this.list = list;
    this.names = names;
  }

  /** @param {import("./client.js").Message} message */
  add({ from, to, text, status }) {
    const item = document.createElement("li");
    const [a, b] = [LANES.indexOf(from), LANES.indexOf(to)];
    item.className = `message from-${Math.min(a, b)} span-${Math.abs(a - b)} ${b > a ? "right" : "left"}`;
    if (status !== undefined) item.classList.add(status >= 200 && status < 300 ? "good" : "bad");
    const who = document.createElement("span");
    who.className = "who";
    who.textContent = `${this.names[from]} → ${this.names[to]}: `;
    const what = document.createElement("span");
    what.className = "what";
    what.textContent = text;
    item.append(who, what);
    this.list.append(item);
    while (this.list.children.length > MOST) this.list.firstElementChild?.remove();
    this.list.scrollTop = this.list.scrollHeight;
  }

  clear() {
    this.list.replaceChildren();
  }
}
