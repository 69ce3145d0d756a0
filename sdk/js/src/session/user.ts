/** An account, as the server shows it to its owner. */
export interface User {
  id: string;
  username: string | null;
  email: string | null;
  email_verified: boolean;
  roles: string[];
  attributes: Record<string, unknown>;
  status: string;
  created_at: number;
  updated_at: number;
}
