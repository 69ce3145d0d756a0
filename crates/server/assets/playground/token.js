// A token in its three colours, and what its parts say.

/** What a part says, without any verification. @param {string | undefined} part */
function read(part) {
  try {
    const bytes = Uint8Array.from(atob((part ?? "").replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return {};
  }
}

/** The claims of a token, unverified: for show alone. @param {string} token */
export const claims = (token) => read(token.split(".")[1]);

/** Shows `token` in `place`, a figure with a `code` and a `pre`; nothing when there is none.
 * @param {HTMLElement} place @param {string | undefined} token */
export function show(place, token) {
  const [code, pre] = [place.querySelector("code"), place.querySelector("pre")];
  if (!code || !pre) return;
  place.classList.toggle("none", !token);
  code.replaceChildren();
  pre.textContent = "";
  if (!token) return;
  token.split(".").forEach((part, index) => {
    const span = document.createElement("span");
    span.className = ["header", "payload", "signature"][index] ?? "";
    span.textContent = (index ? "." : "") + part;
    code.append(span);
  });
  const [header, payload] = token.split(".").map(read);
  pre.textContent = `${JSON.stringify(header)}\n${JSON.stringify(payload, null, 2)}`;
}
