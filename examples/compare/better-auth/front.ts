import { createAuthClient } from "better-auth/client";

// count
const auth = createAuthClient();
// end

export async function logIn(email: string, password: string) {
  // count
  const { error } = await auth.signIn.email({ email, password });
  if (error) throw error;
  // end
}

export async function orders() {
  const answer = await fetch("/api/orders");
  return answer.json();
}

export async function logOut() {
  // count
  await auth.signOut();
  // end
}
