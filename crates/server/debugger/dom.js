// The little of the DOM that is needed. Text goes in as text, never as HTML.

/**
 * @template {HTMLElement} T
 * @param {string} id
 * @param {new () => T} kind
 * @returns {T}
 */
export function byId(id, kind) {
  const found = document.getElementById(id);
  if (!(found instanceof kind)) throw new Error(`#${id} is missing`);
  return found;
}

/**
 * @param {string} name
 * @param {string} className
 * @param {...(string | Node)} children
 */
export function element(name, className, ...children) {
  const made = document.createElement(name);
  if (className !== '') made.className = className;
  made.append(...children);
  return made;
}

/**
 * A sentence, with what stands in backticks as code.
 * @param {string} text
 * @returns {(string | Node)[]}
 */
export function sentence(text) {
  const capital = text.replace(/^[a-z]/, (letter) => letter.toUpperCase());
  return capital.split('`').map((part, index) => (index % 2 === 1 ? element('code', '', part) : part));
}
