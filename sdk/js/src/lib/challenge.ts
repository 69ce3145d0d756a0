/** Whether an answer refuses the access token, so that another one could help (RFC 6750 section 3.1). */
export async function refusesToken(response: Response): Promise<boolean> {
  if (response.status !== 401) return false;
  const challenge = response.headers.get("WWW-Authenticate");
  if (challenge !== null) return /(^|,)\s*bearer\b/i.test(challenge) && /\berror="?invalid_token\b/i.test(challenge);
  // Across origins the header is seen only if the service exposes it; the body always is.
  if (!response.headers.get("Content-Type")?.includes("application/problem+json")) return false;
  const problem = await response.clone().json().catch(() => null);
  return ["token_expired", "token_invalid", "token_revoked"].includes(problem?.code);
}
