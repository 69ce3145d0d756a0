/** What the pages of one origin tell each other. No token is in it; a message only saves requests and waiting. */
export type Message =
  /** The storage holds something else than before. */
  | { kind: "changed" }
  /** This page is renewing. */
  | { kind: "renewing" }
  /** The session is over. */
  | { kind: "ended"; session: string; reason: string };

export interface Channel {
  post(message: Message): void;
  close(): void;
}

/** Pages with the same name hear each other, where the runtime can do that. */
export function channel(name: string, hear: (message: Message) => void): Channel {
  if (typeof BroadcastChannel === "undefined") return { post() {}, close() {} };
  const own = new BroadcastChannel(name);
  own.onmessage = ({ data }) => {
    // Another version of this package may say things that this one does not know.
    if (data && typeof data === "object") hear(data as Message);
  };
  // In Node.js it would keep the process alive.
  (own as { unref?: () => void }).unref?.();
  return { post: (message) => own.postMessage(message), close: () => own.close() };
}
