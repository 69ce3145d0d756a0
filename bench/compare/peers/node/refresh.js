// `POST /token` of oidc-provider with an adapter in memory: `node refresh.js SESSIONS`. Prints the port, then that many
// refresh tokens as a JSON array.

import { generateKeyPairSync } from "node:crypto";
import { createServer } from "node:http";
import { Provider } from "oidc-provider";

// The one that comes with it forgets all but the last thousand entries, so that a slow client loses its session.
class Adapter {
  rows = new Map();

  async upsert(id, row) {
    this.rows.set(id, row);
  }

  async find(id) {
    return this.rows.get(id);
  }

  async consume(id) {
    this.rows.get(id).consumed = Math.floor(Date.now() / 1000);
  }

  async destroy(id) {
    this.rows.delete(id);
  }

  async revokeByGrantId(grantId) {
    for (const [id, row] of this.rows) if (row.grantId === grantId) this.rows.delete(id);
  }
}

const count = Number(process.argv[2]);
const clientId = "bench";
const jwk = generateKeyPairSync("ed25519").privateKey.export({ format: "jwk" });
const resource = {
  scope: "orders:read",
  audience: "orders",
  accessTokenTTL: 3600,
  accessTokenFormat: "jwt",
  jwt: { sign: { alg: "EdDSA" } },
};
const provider = new Provider("http://127.0.0.1", {
  adapter: Adapter,
  clients: [
    {
      client_id: clientId,
      token_endpoint_auth_method: "none",
      grant_types: ["authorization_code", "refresh_token"],
      redirect_uris: ["https://client.example.com/"],
      id_token_signed_response_alg: "EdDSA",
    },
  ],
  jwks: { keys: [{ ...jwk, use: "sig", alg: "EdDSA", kid: "bench" }] },
  cookies: { keys: ["bench"] },
  rotateRefreshToken: true,
  ttl: { AccessToken: 3600, Grant: 14 * 86_400, RefreshToken: 14 * 86_400 },
  findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
  features: {
    devInteractions: { enabled: false },
    resourceIndicators: {
      enabled: true,
      defaultResource: () => "urn:orders",
      getResourceServerInfo: () => resource,
      useGrantedResource: () => true,
    },
  },
});

async function session(number) {
  const client = await provider.Client.find(clientId);
  const accountId = `user${number}`;
  const grant = new provider.Grant({ accountId, clientId });
  grant.addOIDCScope("offline_access");
  grant.addResourceScope("urn:orders", "orders:read");
  const token = new provider.RefreshToken({
    accountId,
    client,
    grantId: await grant.save(),
    gty: "authorization_code",
    scope: "offline_access orders:read",
    resource: "urn:orders",
    iiat: Math.floor(Date.now() / 1000),
    rotations: 0,
  });
  return token.save();
}

const server = createServer(provider.callback());
server.listen(0, "127.0.0.1", async () => {
  const tokens = [];
  for (let number = 0; number < count; number += 1) tokens.push(await session(number));
  console.log(server.address().port);
  console.log(JSON.stringify(tokens));
});
