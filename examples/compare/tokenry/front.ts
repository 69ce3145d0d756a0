import { tokenry } from "tokenry";

// count
const auth = tokenry("https://auth.example.com");
// end

export async function logIn(email: string, password: string) {
  // count
  await auth.login(email, password);
  // end
}

export async function orders() {
  const answer = await auth.fetch("/api/orders");
  return answer.json();
}

export async function logOut() {
  // count
  await auth.logout();
  // end
}
