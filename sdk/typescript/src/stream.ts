/** A message of an event stream. */
export interface StreamMessage {
  /** Where the stream is after it: what `after` takes, if it has one. */
  id?: string;
  /** Its name; `message` if it has none. */
  name: string;
  /** Its data, as they came. */
  data: string;
}

/** Makes messages of the bytes of an event stream (`text/event-stream`). */
export class StreamParser {
  #decoder = new TextDecoder();
  #rest = "";
  #message: { id?: string; name: string; data: string[] } = { name: "message", data: [] };

  /** The messages that are complete with these bytes. */
  *feed(chunk: Uint8Array): Generator<StreamMessage> {
    const lines = (this.#rest + this.#decoder.decode(chunk, { stream: true })).split("\n");
    this.#rest = lines.pop() ?? "";
    for (const line of lines) {
      const message = this.#line(line.endsWith("\r") ? line.slice(0, -1) : line);
      if (message) yield message;
    }
  }

  #line(line: string): StreamMessage | undefined {
    if (line === "") {
      const { data, ...rest } = this.#message;
      this.#message = { name: "message", data: [] };
      return data.length > 0 ? { ...rest, data: data.join("\n") } : undefined;
    }
    const colon = line.indexOf(":");
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (field === "id") this.#message.id = value;
    if (field === "event") this.#message.name = value;
    if (field === "data") this.#message.data.push(value);
    return undefined;
  }
}
