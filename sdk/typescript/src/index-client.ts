import type {
  AccountSummary, Agreement, AgreementSummary, AgreementsQuery, ApplicationsQuery, ApplicationSummary, BlockRef, BookLevel, DayPrices, Event,
  EventsQuery, EvidenceQuery, MarketStatus, PricesQuery, PublishedEvidence, StatementEntry, StatementQuery, Tester, TestersQuery, Worker,
  WorkerHistory, WorkersQuery,
} from "./index-types.js";
import { get, path, type Request } from "./requests.js";
import type { StreamMessage } from "./stream.js";
import { environment, Transport } from "./transport.js";

/** What a market was after a block. Never trust it for money: ask the chain again before anything is signed. */
export interface Answer<T> {
  /** The market's contract. */
  market: string;
  /** The block. */
  block: BlockRef;
  /** What was asked for. */
  data: T;
}

/** A part of a list. */
export interface Page<T> {
  /** The items. */
  items: T[];
  /** What `after` of the next page is; the last page has none. */
  next?: string | null;
}

/** A message of the index's stream of events. `id` is where the stream is then: what `after` takes. */
export type Update =
  /** An event came. */
  | { kind: "event"; event: Event; id?: string }
  /** All events up to this block have come. */
  | { kind: "head"; block: BlockRef; id?: string }
  /** The chain replaced blocks: what came of blocks after this one is void, and what replaced it follows. */
  | { kind: "reorg"; after: number };

/** Where the index is, and how long to wait for it. */
export interface IndexOptions {
  /** Its address; `MUSTER_INDEX` if it is left out. */
  url?: string;
  /** The market's address; the first one of the index if it is left out. */
  market?: string;
  /** Milliseconds for one attempt; 30,000 if it is left out. */
  timeout?: number;
  /** Milliseconds for which a request is repeated; 60,000 if it is left out. */
  retryFor?: number;
}

/** What a market is and was, by an index (`muster index --listen`). It needs no token. */
export class Index {
  readonly #transport: Transport;
  readonly #market: string | undefined;

  constructor(options: IndexOptions = {}) {
    const url = options.url ?? environment("MUSTER_INDEX");
    if (!url) throw new TypeError("the index needs an address: give url, or set MUSTER_INDEX");
    this.#transport = new Transport({ url, timeout: options.timeout ?? 30_000, retryFor: options.retryFor ?? 60_000 });
    this.#market = options.market;
  }

  #of<T>(where: string, query: object = {}): Promise<Answer<T>> {
    return this.#transport.send(this.#request<Answer<T>>(where, query));
  }

  #request<T>(where: string, query: object, read?: (response: Response) => Promise<T>): Request<T> {
    return get(where, { market: this.#market, ...query }, read);
  }

  /** Every item of a list, page by page: `index.each((page) => index.workers({ free: true, ...page }))`. */
  async *each<T>(list: (page: { after?: string }) => Promise<Answer<Page<T>>>): AsyncGenerator<T> {
    let after: string | null | undefined;
    do {
      const { data } = await list(after ? { after } : {});
      yield* data.items;
      after = data.next;
    } while (after);
  }

  /** The markets of the index. */
  markets(): Promise<MarketStatus[]> {
    return this.#transport.send(get("/v1/markets"));
  }

  /** What workers have registered for. */
  applications(query: ApplicationsQuery = {}): Promise<Answer<Page<ApplicationSummary>>> {
    return this.#of("/v1/applications", query);
  }

  /** Who sells an application at which price. */
  book(application: string): Promise<Answer<BookLevel[]>> {
    return this.#of(path`/v1/applications/${application}/book`);
  }

  /** The prices really paid for an application, by day. */
  prices(application: string, query: PricesQuery): Promise<Answer<DayPrices[]>> {
    return this.#of(path`/v1/applications/${application}/prices`, query);
  }

  /** Workers and testers. */
  workers(query: WorkersQuery = {}): Promise<Answer<Page<Worker>>> {
    return this.#of("/v1/workers", query);
  }

  /** A worker with its price, score and capacity. */
  worker(account: string): Promise<Answer<Worker>> {
    return this.#of(path`/v1/workers/${account}`);
  }

  /** A worker's prices, scores and income over time. */
  workerHistory(account: string): Promise<Answer<WorkerHistory>> {
    return this.#of(path`/v1/workers/${account}/history`);
  }

  /** Agreements, the latest first. */
  agreements(query: AgreementsQuery = {}): Promise<Answer<Page<AgreementSummary>>> {
    return this.#of("/v1/agreements", query);
  }

  /** An agreement with each window's shares, who gets what of whom, and what can be called now by whom. */
  agreement(agreement: string): Promise<Answer<Agreement>> {
    return this.#of(path`/v1/agreements/${agreement}`);
  }

  /** Testers. */
  testers(query: TestersQuery = {}): Promise<Answer<Page<Tester>>> {
    return this.#of("/v1/testers", query);
  }

  /** A tester with its bond, lists, reports and fees. */
  tester(account: string): Promise<Answer<Tester>> {
    return this.#of(path`/v1/testers/${account}`);
  }

  /** An account's credit, income and costs. */
  account(account: string): Promise<Answer<AccountSummary>> {
    return this.#of(path`/v1/accounts/${account}`);
  }

  /** Every amount that an account got or paid. */
  statement(account: string, query: StatementQuery = {}): Promise<Answer<Page<StatementEntry>>> {
    return this.#of(path`/v1/accounts/${account}/statement`, query);
  }

  /** The same as CSV. */
  statementCsv(account: string, query: StatementQuery = {}): Promise<string> {
    const read = (response: Response) => response.text();
    return this.#transport.send(this.#request(path`/v1/accounts/${account}/statement.csv`, query, read));
  }

  /** Events that were. */
  eventPage(query: EventsQuery = {}): Promise<Answer<Page<Event>>> {
    return this.#of("/v1/events", query);
  }

  /** Events as they come, after the place `after` or from now on, for ever. A lost connection costs none of them. */
  async *events(query: { subject?: string; name?: string; after?: string } = {}): AsyncGenerator<Update> {
    for await (const message of this.#transport.stream(this.#request("/v1/events", query))) {
      const found = update(message);
      if (found) yield found;
    }
  }

  /** Evidence about jobs that the operator of the index publishes. */
  evidence(query: EvidenceQuery = {}): Promise<PublishedEvidence[]> {
    return this.#transport.send(get("/v1/evidence", query));
  }

  /** A document of evidence, as `muster job verify` takes it. */
  evidenceDocument(id: string): Promise<Record<string, unknown>> {
    return this.#transport.send(get(path`/v1/evidence/${id}`));
  }
}

/** What a message of the stream says; nothing if it is of a kind that a later release has added. */
function update(message: StreamMessage): Update | undefined {
  const data = JSON.parse(message.data);
  const place = message.id === undefined ? {} : { id: message.id };
  if (message.name === "message") return { kind: "event", event: data, ...place };
  if (message.name === "head") return { kind: "head", block: data, ...place };
  if (message.name === "reorg") return { kind: "reorg", after: data.after };
  return undefined;
}
