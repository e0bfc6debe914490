import { MusterError } from "./errors.js";
import type { BlobInfo, LimitsBody, MapInfo, RunBody, RunInfo, RunList, RunPurchaseBody } from "./local-types.js";
import { get, path, post, type Request } from "./requests.js";
import type { StreamMessage } from "./stream.js";
import type { Transport } from "./transport.js";

/** Bytes, or a text as UTF-8. */
export type Content = Uint8Array | string;

/** What a program gets, and who runs it. Everything can be left out. */
export interface JobOptions {
  /** Its name: the first argument, and what people call the run. */
  name?: string;
  /** The arguments after the name. */
  args?: string[];
  /** Environment variables; there are no others. */
  environment?: Record<string, string>;
  /** What it reads from standard input. */
  stdin?: Content;
  /** Files that it finds, by their paths, such as `/in/a.txt`. */
  files?: Record<string, Content>;
  /** Files that it leaves; the path of a folder ends with a slash. */
  outputs?: string[];
  /** What it may use. */
  limits?: LimitsBody;
  /** How many workers must sign the same result, 1 to 8. */
  replicas?: number;
  /** The agreement; without it, the running one that ends last and has enough workers. */
  agreement?: string;
  /** What may be bought if there is none: `{ at_most: "0.01eth" }`. Without it, nothing is. */
  purchase?: RunPurchaseBody;
  /** The idempotency key: give one to repeat the request in another process too. */
  key?: string;
}

/** The result of a job that as many workers have signed as it asked for. */
export interface JobResult {
  /** The run: who was asked, and what each said. */
  run: RunInfo;
  /** The program's exit code; `null` if it trapped. */
  exitCode: number | null;
  /** Its standard output. */
  stdout: Uint8Array;
  /** Its standard output as text. */
  text: string;
  /** The digests of the files that it left, by their paths, for `download`. */
  files: Record<string, string>;
}

/** A run ended without a result that enough workers have signed: `run` says who was asked, and what each said. */
export class JobFailed extends MusterError {
  constructor(readonly run: RunInfo) {
    super(`the run ${run.id} of ${run.name} has no result: ${run.failure ?? run.verdict ?? run.state}`);
  }
}

/** What `Market` does about jobs. The token needs the right `run`, and `buy` for a run with `purchase`. */
export abstract class Jobs {
  protected constructor(protected readonly transport: Transport) {}

  /** Runs a program on workers, and waits for the result that enough of them have signed: else throws `JobFailed`. */
  async run(program: Uint8Array, options: JobOptions = {}): Promise<JobResult> {
    const { id } = await this.start(program, options);
    return this.wait(id);
  }

  /**
   * Runs a program once for each input, on all workers at once, and yields each name and result in the inputs' order.
   *
   * The input is the file `/in/NAME`, and the output `/out/NAME`; `{in}` and `{out}` in arguments are these paths.
   */
  async *map(program: Uint8Array, inputs: Record<string, Content>, options: JobOptions = {}): AsyncGenerator<[string, JobResult]> {
    const blobs = [];
    for (const [name, content] of Object.entries(inputs)) blobs.push({ name, blob: await this.upload(content) });
    const body = { run: await this.#body(program, options), inputs: blobs };
    const { runs } = await this.transport.send(post<MapInfo>("/v1/maps", body, options.key));
    for (const { name, id } of runs) yield [name, await this.wait(id)];
  }

  /** Starts a run, and does not wait for it. */
  async start(program: Uint8Array, options: JobOptions = {}): Promise<RunInfo> {
    return this.transport.send(post("/v1/runs", await this.#body(program, options), options.key));
  }

  /** The result of a run, once it has one; throws `JobFailed` if it has none in the end. */
  async wait(id: string): Promise<JobResult> {
    let run = await this.runInfo(id);
    if (run.state === "running") for await (const next of this.runEvents(id)) run = next;
    const { result } = run;
    if (run.state !== "finished" || run.verdict !== "agreed" || !result) throw new JobFailed(run);
    const stdout = await this.download(result.stdout);
    const files = Object.fromEntries(result.files.map((file) => [file.path, file.blob]));
    return { run, exitCode: result.exit_code ?? null, stdout, text: new TextDecoder().decode(stdout), files };
  }

  /** A run as it is, and whenever it has changed, to its end. */
  async *runEvents(id: string): AsyncGenerator<RunInfo> {
    const isEnd = (message: StreamMessage) => told(message) !== undefined && told(message)?.state !== "running";
    for await (const message of this.transport.stream(get(path`/v1/runs/${id}/events`), isEnd)) {
      const run = told(message);
      if (run) yield run;
    }
  }

  /** The latest runs, the newest first. */
  async runs(options: { limit?: number } = {}): Promise<RunInfo[]> {
    const { runs } = await this.transport.send(get<RunList>("/v1/runs", options));
    return runs;
  }

  /** A run as it is. */
  runInfo(id: string): Promise<RunInfo> {
    return this.transport.send(get(path`/v1/runs/${id}`));
  }

  /** Ends a run. */
  cancelRun(id: string, options: { key?: string } = {}): Promise<RunInfo> {
    return this.transport.send(post(path`/v1/runs/${id}/cancel`, {}, options.key));
  }

  /** Keeps bytes at the daemon, and says their digest. */
  async upload(content: Content): Promise<string> {
    const body = new Uint8Array(typeof content === "string" ? new TextEncoder().encode(content) : content);
    // The same bytes are the same blob, so no key is needed.
    const headers = { "Content-Type": "application/octet-stream" };
    const request: Request<BlobInfo> = { method: "POST", path: "/v1/blobs", query: {}, headers, body, read: (response) => response.json() };
    return (await this.transport.send(request)).digest;
  }

  /** The bytes with this digest. */
  download(digest: string): Promise<Uint8Array> {
    return this.transport.send(get(path`/v1/blobs/${digest}`, {}, async (response) => new Uint8Array(await response.arrayBuffer())));
  }

  /** A run, with everything that it needs uploaded. */
  async #body(program: Uint8Array, options: JobOptions): Promise<RunBody> {
    const { args, stdin, files, key: _, ...rest } = options;
    const body: RunBody = { ...rest, program: await this.upload(program), arguments: args ?? [], files: [] };
    if (stdin !== undefined) body.stdin = await this.upload(stdin);
    for (const [where, content] of Object.entries(files ?? {})) body.files?.push({ path: where, blob: await this.upload(content) });
    return body;
  }
}

/** The run that a message of its stream has. */
function told(message: StreamMessage): RunInfo | undefined {
  return message.name === "run" ? JSON.parse(message.data) : undefined;
}
