import express from "express";
import { guard } from "tokenry/verify";

const app = express();

// count
const tokens = guard("https://auth.example.com", "orders");
app.use(tokens.express());
// end

app.get("/api/orders", (request, response) => {
  // count
  const owner = tokens.claims(request).sub;
  // end
  response.json({ owner, orders: [] });
});

app.listen(3000);
