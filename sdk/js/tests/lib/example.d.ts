declare module "*/examples/express-api/app.js" {
  import type { RequestListener } from "node:http";
  export function app(issuer?: string, audience?: string): { app: RequestListener; close(): void };
}
declare module "express" {
  import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
  interface App extends RequestListener {
    use(handler: (request: IncomingMessage, response: ServerResponse, next: (error?: unknown) => void) => void): void;
    get(path: string, handler: (request: IncomingMessage, response: { json(value: unknown): void }) => void): void;
  }
  export default function express(): App;
}
