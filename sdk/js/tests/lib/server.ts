import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** The real server, with a data directory of its own. */
export class Server {
  /** Its address, which is its issuer too. */
  url = "";
  readonly #directory = mkdtempSync(join(tmpdir(), "tokenry-js-"));
  readonly #variables: Record<string, string>;
  #child: ChildProcess | undefined;

  private constructor(variables: Record<string, string>) {
    this.#variables = variables;
  }

  static async start(variables: Record<string, string> = {}): Promise<Server> {
    const server = new Server(variables);
    await server.resume();
    return server;
  }

  /** Starts it again where it was. */
  async resume(): Promise<void> {
    const listen = this.url ? new URL(this.url).host : "127.0.0.1:0";
    const child = spawn(binary(), ["serve", "--listen", listen, "--data-dir", this.#directory], {
      cwd: this.#directory,
      env: {
        TOKENRY_RATE_LIMIT__ENABLED: "false",
        TOKENRY_PASSWORD__MEMORY: "64KiB",
        ...this.#variables,
      },
      stdio: ["ignore", "pipe", "ignore"],
    });
    this.#child = child;
    this.url = await new Promise<string>((resolve, reject) => {
      let greeting = "";
      child.stdout?.on("data", (chunk) => {
        const [, address] = /listening on ([^,]+),/.exec((greeting += chunk)) ?? [];
        if (address) resolve(`http://${address}`);
      });
      child.on("exit", (code) => reject(new Error(`the server ended with ${code}: ${greeting}`)));
      child.on("error", reject);
    });
  }

  /** Ends it at once, as a power cut does. */
  async kill(): Promise<void> {
    const child = this.#child;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => child.on("exit", resolve));
    child.kill("SIGKILL");
    await ended;
  }

  async stop(): Promise<void> {
    await this.kill();
    rmSync(this.#directory, { recursive: true, force: true });
  }
}

export const PASSWORD = "correct horse battery";

function binary(): string {
  const target = process.env["CARGO_TARGET_DIR"] ?? new URL("../../../../target", import.meta.url).pathname;
  const path = process.env["TOKENRY_BIN"] ?? join(target, "debug/tokenry");
  if (!existsSync(path)) throw new Error(`${path} is not there: cargo build -p tokenry, or cargo xtask test`);
  return path;
}
