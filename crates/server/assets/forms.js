// What a form gains where scripts run. Without them every form works as well.

for (const button of document.querySelectorAll(".secret button")) {
  const input = document.getElementById(button.getAttribute("aria-controls"));
  const { hide, hideLabel } = button.dataset;
  const words = { password: [button.textContent, button.getAttribute("aria-label")], text: [hide, hideLabel] };
  const show = (type) => {
    input.type = type;
    button.textContent = words[type][0];
    button.setAttribute("aria-label", words[type][1]);
  };
  button.addEventListener("click", () => show(input.type === "text" ? "password" : "text"));
  // A password that can be read would end up among the browser's suggestions.
  input.form.addEventListener("submit", () => show("password"));
  button.hidden = false;
}

for (const form of document.forms) {
  const buttons = form.querySelectorAll("button:not([type=button])");
  let sent = false;
  form.addEventListener("submit", (event) => {
    if (sent) event.preventDefault();
    sent = true;
    for (const button of buttons) button.setAttribute("aria-disabled", "true");
  });
  addEventListener("pageshow", () => {
    sent = false;
    for (const button of buttons) button.removeAttribute("aria-disabled");
  });
}

for (const notice of document.querySelectorAll("[data-wait]")) {
  const end = performance.now() + 1000 * parseInt(notice.textContent.match(/\d+/), 10);
  const timer = setInterval(() => {
    const left = Math.max(0, Math.ceil((end - performance.now()) / 1000));
    notice.textContent = notice.textContent.replace(/\d+/, left);
    if (left === 0) clearInterval(timer);
  }, 1000);
}

const local = new Intl.DateTimeFormat(document.documentElement.lang, { dateStyle: "medium", timeStyle: "short" });
for (const time of document.querySelectorAll("time[datetime]")) time.title = local.format(new Date(time.dateTime));

// A link into a closed part opens it.
addEventListener("hashchange", () => {
  const target = document.getElementById(location.hash.slice(1));
  target?.closest("details")?.setAttribute("open", "");
  if (target?.matches("input")) target.focus();
});
