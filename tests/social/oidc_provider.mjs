// An OpenID provider of its own on a port of this machine: the certified npm package `oidc-provider`, with its own pages.
//
// Whoever types a name there is that person; their address is `NAME@example.com`, verified unless the name says otherwise.
import http from "node:http";
import Provider from "oidc-provider";

const server = http.createServer();
await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
const issuer = `http://127.0.0.1:${server.address().port}`;
const provider = new Provider(issuer, {
  clients: [
    {
      client_id: "tokenry",
      client_secret: process.env.UPSTREAM_SECRET,
      // A native client may come back to any port of this machine (RFC 8252 section 7.3).
      application_type: "native",
      redirect_uris: ["http://127.0.0.1/social/upstream/callback"],
    },
  ],
  claims: { openid: ["sub"], email: ["email", "email_verified"], profile: ["name"] },
  cookies: { keys: ["of no one else"] },
  pkce: { required: () => true },
  ttl: { AccessToken: 600, AuthorizationCode: 60, Grant: 600, IdToken: 600, Interaction: 600, Session: 600 },
  findAccount: (_, id) => ({
    accountId: id,
    claims: () => ({ sub: id, name: id, email: `${id}@example.com`, email_verified: !id.startsWith("unverified") }),
  }),
});
server.on("request", provider.callback());
console.log(issuer);
