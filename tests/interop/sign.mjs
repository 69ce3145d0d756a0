// Signs the claims on stdin with jose and a shared key: HEX_KEY.
import { readFileSync } from "node:fs";
import { SignJWT } from "jose";

const claims = JSON.parse(readFileSync(0, "utf8"));
const key = Buffer.from(process.argv[2], "hex");
process.stdout.write(await new SignJWT(claims).setProtectedHeader({ alg: "HS256", typ: "at+jwt" }).sign(key));
