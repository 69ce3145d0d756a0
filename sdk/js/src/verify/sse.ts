import { TokenryError } from "../errors/error.ts";

/** An event of a stream. */
export interface Event {
  name: string;
  data: string;
}

/** Reads a text/event-stream (HTML, section 9.2.6). */
export async function* events(body: AsyncIterable<Uint8Array>): AsyncGenerator<Event> {
  const decoder = new TextDecoder();
  let rest = "";
  let name = "";
  let data: string[] = [];
  for await (const chunk of body) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split(/\r\n|\n/);
    rest = lines.pop() ?? "";
    if (rest.length > LONGEST || data.length > 100) throw new TokenryError("bad_answer", "an event is larger than it may be");
    for (const line of lines) {
      if (line === "") {
        if (data.length > 0) yield { name, data: data.join("\n") };
        name = "";
        data = [];
        continue;
      }
      const [, field, value] = /^([^:]*):? ?(.*)$/s.exec(line) ?? [];
      if (field === "event") name = value ?? "";
      if (field === "data") data.push(value ?? "");
    }
  }
}

const LONGEST = 65_536;
