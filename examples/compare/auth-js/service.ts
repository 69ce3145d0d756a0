import { AuthClient } from "@supabase/auth-js";
import express from "express";

const app = express();

// count
const auth = new AuthClient({ url: "https://auth.example.com" });
app.use(async (request, response, next) => {
  const token = request.headers.authorization?.replace(/^Bearer /, "");
  const { data } = token ? await auth.getClaims(token) : {};
  if (!data) return response.sendStatus(401);
  response.locals.claims = data.claims;
  next();
});
// end

app.get("/api/orders", (request, response) => {
  // count
  const owner = response.locals.claims.sub;
  // end
  response.json({ owner, orders: [] });
});

app.listen(3000);
