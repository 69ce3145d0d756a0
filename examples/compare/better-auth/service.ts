import { DatabaseSync } from "node:sqlite";
import { betterAuth } from "better-auth";
import { fromNodeHeaders, toNodeHandler } from "better-auth/node";
import express from "express";

const app = express();

// count
const auth = betterAuth({
  database: new DatabaseSync("auth.db"),
  emailAndPassword: { enabled: true },
});
app.all("/api/auth/*splat", toNodeHandler(auth));
// end

app.get("/api/orders", async (request, response) => {
  // count
  const session = await auth.api.getSession({ headers: fromNodeHeaders(request.headers) });
  if (!session) return response.sendStatus(401);
  const owner = session.user.id;
  // end
  response.json({ owner, orders: [] });
});

app.listen(3000);
