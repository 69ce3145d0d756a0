import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

/** An origin with the built package and an empty page. */
export async function pages(files: Record<string, string> = {}): Promise<{ url: string; close(): Promise<void> }> {
  const core = readFileSync(new URL("../../dist/index.js", import.meta.url), "utf8");
  const all: Record<string, string> = { "/": PAGE, "/index.js": core, ...files };
  const http = createServer((request, response) => {
    const path = (request.url ?? "/").split("?")[0] as string;
    const file = all[path];
    const type = path.endsWith(".js") ? "text/javascript" : "text/html";
    response.writeHead(file === undefined ? 404 : 200, { "Content-Type": type, "Cache-Control": "no-store" }).end(file);
  });
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(http.address() as AddressInfo).port}`,
    close: () => (http.closeAllConnections(), new Promise((resolve) => http.close(() => resolve()))),
  };
}

const PAGE = `<!doctype html><title>page</title><link rel="icon" href="data:,">
<script type="module">import { tokenry } from "/index.js"; window.tokenry = tokenry;</script>`;
