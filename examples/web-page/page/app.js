// A page that logs in, calls a service, and logs out. Renewal needs no line: `auth.fetch` sees to it.
import { tokenry } from "tokenry";

const auth = tokenry("http://127.0.0.1:7519");
const part = (id) => document.getElementById(id);

part("login").addEventListener("submit", async (event) => {
  event.preventDefault();
  const { name, password } = Object.fromEntries(new FormData(event.target));
  try {
    if (event.submitter?.value === "signup") await auth.signup({ username: name, password });
    else await auth.login(name, password);
  } catch (error) {
    part("message").textContent = error.code === "invalid_credentials" ? "Name or password is wrong." : error.message;
  }
});

part("orders").addEventListener("click", async () => {
  const answer = await auth.fetch("/orders");
  part("answer").textContent = await answer.text();
});

part("logout").addEventListener("click", () => auth.logout());

// In this tab or another one; and when the session was ended from somewhere else, with the reason.
auth.onChange(({ user, reason }) => {
  show(user);
  part("message").textContent = user ? "" : `You are logged out (${reason}).`;
});

show(await auth.ready());

function show(user) {
  part("login").hidden = Boolean(user);
  part("inside").hidden = !user;
  part("name").textContent = user?.username ?? "";
  part("answer").textContent = "";
}
