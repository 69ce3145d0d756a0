type Fetch = typeof globalThis.fetch;

/** A `fetch` whose requests and answers get lost, late and doubled. Counts what went over the wire. */
export class Wire {
  /** What happens to the next calls of a path, in order; then nothing happens. */
  readonly plan: Fault[] = [];
  readonly log: { path: string; status: number; key: string | null }[] = [];
  readonly fetch: Fetch;

  constructor(to: Fetch = globalThis.fetch) {
    this.fetch = async (input, init) => {
      const request = new Request(input, init);
      const { pathname: path } = new URL(request.url);
      const fault = path === "/v1/refresh" ? (this.plan.shift() ?? "none") : "none";
      const note = (status: number) => this.log.push({ path, status, key: request.headers.get("Idempotency-Key") });
      if (fault === "offline") {
        note(0);
        throw new TypeError("fetch failed");
      }
      if (typeof fault === "function") {
        const answer = fault();
        note(answer.status);
        return answer;
      }
      if (fault === "doubled") void to(request.clone()).catch(() => {});
      const answer = await to(request);
      note(answer.status);
      if (fault === "answer lost") throw new TypeError("terminated");
      if (fault === "late") await new Promise((resolve) => setTimeout(resolve, 300));
      return answer;
    };
  }

  count(path: string, status?: number): number {
    return this.log.filter((call) => call.path === path && (status === undefined || call.status === status)).length;
  }
}

export type Fault = "none" | "offline" | "answer lost" | "late" | "doubled" | (() => Response);
