import { AuthClient } from "@supabase/auth-js";

// count
const auth = new AuthClient({ url: "https://auth.example.com" });
// end

export async function logIn(email: string, password: string) {
  // count
  const { error } = await auth.signInWithPassword({ email, password });
  if (error) throw error;
  // end
}

export async function orders() {
  // count
  const { data } = await auth.getSession();
  const headers = { Authorization: `Bearer ${data.session?.access_token}` };
  // end
  const answer = await fetch("/api/orders", { headers });
  return answer.json();
}

export async function logOut() {
  // count
  await auth.signOut();
  // end
}
