import { ApiError, ConnectionFailed } from "./errors.js";

/** A request whose response has the type `T`. */
export interface Request<T> {
  method: "GET" | "POST";
  path: string;
  query: object;
  headers: Record<string, string>;
  body?: string | Uint8Array<ArrayBuffer>;
  /** Makes the result of a successful response. */
  read(response: Response): Promise<T>;
}

const json = (response: Response) => response.json();

/** A path with its parameters filled in, each as one segment: path`/v1/workers/${account}`. */
export function path(texts: TemplateStringsArray, ...parts: string[]): string {
  return texts.reduce((whole, text, at) => whole + encodeURIComponent(parts[at - 1] ?? "") + text);
}

/** A request that reads. */
export function get<T>(where: string, query: object = {}, read: (response: Response) => Promise<T> = json): Request<T> {
  return { method: "GET", path: where, query, headers: {}, read };
}

/** A request that is made once, however often it is repeated: it has an idempotency key. */
export function post<T>(where: string, body: unknown, key?: string): Request<T> {
  const headers = { "Content-Type": "application/json", "Idempotency-Key": key ?? crypto.randomUUID() };
  return { method: "POST", path: where, query: {}, headers, body: JSON.stringify(body), read: json };
}

const FIRST_PAUSE = 200;
const LONGEST_PAUSE = 5_000;
/** Statuses after which the same request can succeed. */
const TRANSIENT = [429, 503];

/** How long to wait before a request is repeated: longer each time, until `limit` milliseconds have passed. */
export class Retry {
  #end = 0;
  #pause = 0;

  constructor(readonly limit: number) {
    this.reset();
  }

  /** Begins anew, after something has succeeded. */
  reset(): void {
    this.#end = performance.now() + this.limit;
    this.#pause = FIRST_PAUSE;
  }

  /** Waits; throws the error if repeating is useless or the time is over. */
  async pause(error: unknown): Promise<void> {
    const isTransient = error instanceof ConnectionFailed || (error instanceof ApiError && TRANSIENT.includes(error.status));
    const pause = this.#pause;
    if (!isTransient || performance.now() + pause > this.#end) throw error;
    this.#pause = Math.min(pause * 2, LONGEST_PAUSE);
    await new Promise((resolve) => setTimeout(resolve, pause));
  }
}
