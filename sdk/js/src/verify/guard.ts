import { TokenryError } from "../errors/error.ts";
import { bearer, problem } from "./bearer.ts";
import type { Claims } from "./claims.ts";
import { Feed } from "./feed.ts";
import type { Freshness, Policy } from "./freshness.ts";
import { IssuerKeys } from "./keys.ts";
import { RefusedError } from "./refused.ts";
import { verifyToken } from "./token.ts";

/** Settings of a guard; all of them may be left out. */
export interface GuardOptions {
  /** While the feed has been silent for longer than its lease. Default: accept. */
  stale?: Policy;
  /** While revocations were never loaded. Default: accept. */
  cold?: Policy;
  /** The token that the feed is closed with, if it is. */
  feedToken?: string;
  /** `false`: by the issuer's keys alone, without the revocation feed. */
  feed?: boolean;
}

/** Verifies the access tokens of one issuer for one service, and knows which of them were revoked. */
export interface Guard {
  /** The claims of a good token. Rejects with a {@link RefusedError}. */
  verify(token: string): Promise<Claims>;
  /** Express: `app.use(guard.express())`. */
  express(): (request: Incoming, response: ExpressResponse, next: (error?: unknown) => void) => void;
  /** Fastify: `app.addHook("onRequest", guard.fastify())`. */
  fastify(): (request: Incoming, reply: FastifyReply) => Promise<unknown>;
  /** Who sent a request that passed. */
  claims(request: object): Claims;
  /** How well revocations are known. */
  readonly freshness: Freshness;
  /** Ends the connection to the issuer. */
  close(): void;
}

interface Incoming {
  headers: Record<string, string | string[] | undefined>;
}

interface ExpressResponse {
  writeHead(status: number, headers: Record<string, string>): unknown;
  end(body: string): unknown;
}

interface FastifyReply {
  code(status: number): unknown;
  headers(headers: Record<string, string>): unknown;
  send(body: string): unknown;
}

/** Guards a service: takes tokens of `issuer` that are meant for one of `audience`. */
export function guard(issuer: string, audience: string | readonly string[], options: GuardOptions = {}): Guard {
  const audiences = [audience].flat();
  if (!/^https?:\/\/[^/]/.test(issuer) || issuer.endsWith("/")) throw new TokenryError("invalid_options", "issuer is a URL without a slash at its end");
  if (audiences.length === 0 || audiences.some((one) => !one)) throw new TokenryError("invalid_options", "audience is missing");
  const { stale = "accept", cold = "accept" } = options;
  const keys = new IssuerKeys(issuer);
  const feed = options.feed === false ? undefined : new Feed(issuer, keys, options.feedToken);
  const passed = new WeakMap<object, Claims>();

  async function verify(token: string): Promise<Claims> {
    const { claims, kid } = await verifyToken(token, keys, issuer, audiences, Date.now() / 1000);
    if (feed?.revocations.matches(claims, kid)) throw new RefusedError("token_revoked", "revoked", "the session has ended");
    const freshness = feed?.freshness.now ?? "fresh";
    if ((freshness === "stale" && stale === "refuse") || (freshness === "cold" && cold === "refuse")) {
      throw new RefusedError("unavailable", freshness, "revocations are not known at the moment");
    }
    return claims;
  }

  const admit = async (request: Incoming) => void passed.set(request, await verify(bearer(request.headers)));
  return {
    verify,
    express: () => (request, response, next) => {
      admit(request).then(
        () => next(),
        (error) => {
          const answer = problem(error);
          if (!answer) return next(error);
          response.writeHead(answer.status, answer.headers);
          response.end(answer.body);
        },
      );
    },
    fastify: () => async (request, reply) => {
      try {
        await admit(request);
        return undefined;
      } catch (error) {
        const answer = problem(error);
        if (!answer) throw error;
        reply.code(answer.status);
        reply.headers(answer.headers);
        return reply.send(answer.body);
      }
    },
    claims(request) {
      const claims = passed.get(request);
      if (!claims) throw new TokenryError("token_missing", "the request did not pass this guard");
      return claims;
    },
    get freshness() {
      return feed?.freshness.now ?? "cold";
    },
    close: () => feed?.close(),
  };
}
