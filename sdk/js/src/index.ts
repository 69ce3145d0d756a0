export { tokenry, type Auth, type Change } from "./client/tokenry.ts";
export type { Options } from "./client/options.ts";
export { TokenryError, type ClientCode, type FieldError } from "./errors/error.ts";
export type { Account } from "./session/carrier.ts";
export type { User } from "./session/user.ts";
export type { Entry, Key, Storage } from "./storage/storage.ts";
export { textStorage, type TextPlace } from "./storage/text.ts";
