import { apiError, ConnectionFailed, MusterError, UnexpectedResponse } from "./errors.js";
import { type Request, Retry } from "./requests.js";
import { type StreamMessage, StreamParser } from "./stream.js";

/** Where an API is, and how long to wait for it. */
export interface Settings {
  url: string;
  token?: string | undefined;
  /** Milliseconds for one attempt. */
  timeout: number;
  /** Milliseconds for which a request is repeated that finds no server, or a transaction that is not confirmed. */
  retryFor: number;
}

/** Milliseconds after which a stream that sends nothing is lost: servers send a comment every 10 seconds. */
const STREAM_SILENCE = 30_000;

/** A setting of the environment, where there is one. */
export function environment(name: string): string | undefined {
  const { process } = globalThis as { process?: { env?: Record<string, string | undefined> } };
  return process?.env?.[name] || undefined;
}

/** Sends requests with fetch: repeats what may be repeated, and keeps event streams going. */
export class Transport {
  readonly #settings: Settings;

  constructor(settings: Settings) {
    this.#settings = { ...settings, url: settings.url.replace(/\/+$/, "") };
  }

  /** The response; a request that may be repeated is repeated. */
  async send<T>(request: Request<T>): Promise<T> {
    const retry = new Retry(this.#settings.retryFor);
    for (;;) {
      try {
        const response = await this.#fetch(request, request.headers, AbortSignal.timeout(this.#settings.timeout));
        return await request.read(response);
      } catch (error) {
        await retry.pause(known(error));
      }
    }
  }

  /** The messages of a stream; it goes on after the last one when the connection is lost. */
  async *stream(request: Request<unknown>, isLast: (message: StreamMessage) => boolean = () => false): AsyncGenerator<StreamMessage> {
    const retry = new Retry(this.#settings.retryFor);
    let last: string | undefined;
    for (;;) {
      const abort = new AbortController();
      let timer = setTimeout(() => abort.abort(), this.#settings.timeout);
      try {
        const headers = { Accept: "text/event-stream", ...(last === undefined ? {} : { "Last-Event-ID": last }) };
        const response = await this.#fetch(request, headers, abort.signal);
        const reader = response.body?.getReader();
        const parser = new StreamParser();
        for (;;) {
          clearTimeout(timer);
          timer = setTimeout(() => abort.abort(), STREAM_SILENCE);
          const part = await reader?.read();
          clearTimeout(timer);
          if (!part?.value) throw new ConnectionFailed("the stream ended");
          retry.reset();
          for (const message of parser.feed(part.value)) {
            last = message.id ?? last;
            yield message;
            if (isLast(message)) return;
          }
        }
      } catch (error) {
        await retry.pause(known(error));
      } finally {
        clearTimeout(timer);
        abort.abort();
      }
    }
  }

  async #fetch(request: Request<unknown>, headers: Record<string, string>, signal: AbortSignal): Promise<Response> {
    const { url, token } = this.#settings;
    const query = new URLSearchParams();
    for (const [name, value] of Object.entries(request.query)) if (value !== undefined && value !== null) query.set(name, String(value));
    const where = `${url}${request.path}${query.size > 0 ? `?${query}` : ""}`;
    const all = token === undefined ? headers : { ...headers, Authorization: `Bearer ${token}` };
    const response = await fetch(where, { method: request.method, headers: all, body: request.body ?? null, redirect: "manual", signal });
    if (!response.ok) throw apiError(response.status, await response.json().catch(() => undefined));
    return response;
  }
}

/** An error of fetch, as one of this package. */
function known(error: unknown): unknown {
  if (error instanceof MusterError) return error;
  if (error instanceof SyntaxError) return new UnexpectedResponse("the response is no JSON: is this the address of a Muster API?");
  // fetch() says TypeError for a connection that fails, and DOMException for one that was given up.
  if (error instanceof TypeError || error instanceof DOMException) {
    const { cause } = error as { cause?: { message?: string } };
    return new ConnectionFailed(`no response: ${cause?.message || error.message}`, { cause: error });
  }
  return error;
}
