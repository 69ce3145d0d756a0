export { guard, type Guard, type GuardOptions } from "./verify/guard.ts";
export { RefusedError } from "./verify/refused.ts";
export type { Claims } from "./verify/claims.ts";
export type { Freshness, Policy } from "./verify/freshness.ts";
