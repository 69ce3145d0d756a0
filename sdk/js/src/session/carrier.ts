import type { User } from "./user.ts";

/** What carries a session: tokens or a cookie. */
export interface Carrier {
  readonly user: User | null;
  /** Resolves when it is known whether somebody is logged in. */
  ready(): Promise<void>;
  signup(account: Account): Promise<User>;
  login(identifier: string, password: string): Promise<User>;
  loginLink(token: string): Promise<User>;
  logout(): Promise<void>;
  /** Sends a request with the session. */
  send(request: Request): Promise<Response>;
  close(): void;
}

/** A new account: with a user name, an e-mail address, or both. */
export interface Account {
  username?: string;
  email?: string;
  password: string;
}

/** Told when somebody logs in or out; `reason` when a session ended. */
export type Changed = (user: User | null, reason?: string) => void;
