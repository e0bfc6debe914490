import { Jobs } from "./jobs.js";
import type {
  AccountInfo, AgreementInfo, AgreementList, CancelInfo, OrderBody, PurchaseInfo, QuoteInfo, SettlementInfo, WithdrawalInfo,
} from "./local-types.js";
import { get, path, post } from "./requests.js";
import { environment, Transport } from "./transport.js";

/** Where the local API is, and how long to wait for it. */
export interface MarketOptions {
  /** Its address; `MUSTER_API` if it is left out. */
  url?: string;
  /** The token; `MUSTER_TOKEN` if it is left out. */
  token?: string;
  /** Milliseconds for one attempt; 60,000 if it is left out. */
  timeout?: number;
  /** Milliseconds for which a request is repeated; 60,000 if it is left out. */
  retryFor?: number;
}

/** What a request that changes something takes. */
export interface Once {
  /** The idempotency key: give one to repeat the request in another process too. */
  key?: string;
}

/**
 * A market, by the client daemon of an account (`muster client run --api`) and a token (`muster client token add`).
 *
 * A request that finds no daemon, or a transaction that is not confirmed, is repeated under one idempotency key: it is made once.
 */
export class Market extends Jobs {
  constructor(options: MarketOptions = {}) {
    const url = options.url ?? environment("MUSTER_API");
    const token = options.token ?? environment("MUSTER_TOKEN");
    if (!url || !token) {
      throw new TypeError("the local API needs an address and a token: give url and token, or set MUSTER_API and MUSTER_TOKEN");
    }
    super(new Transport({ url, token, timeout: options.timeout ?? 60_000, retryFor: options.retryFor ?? 60_000 }));
  }

  /** The account, its balance and credit; the token, and what is left of its limit. */
  account(): Promise<AccountInfo> {
    return this.transport.send(get("/v1/account"));
  }

  /** The price of an order, and the workers that it would buy. */
  quote(order: OrderBody = {}): Promise<QuoteInfo> {
    return this.transport.send(post("/v1/quotes", order));
  }

  /** Buys, for `atMost` at the highest; without it, for the price of this moment. */
  buy(order: OrderBody = {}, options: Once & { atMost?: string } = {}): Promise<PurchaseInfo> {
    return this.transport.send(post("/v1/purchases", { order, at_most: options.atMost }, options.key));
  }

  /** The account's agreements in which something is left to do, or all of them. */
  async agreements(options: { all?: boolean } = {}): Promise<AgreementInfo[]> {
    const found = await this.transport.send(get<AgreementList>("/v1/agreements", options));
    return found.agreements;
  }

  /** One of the account's agreements. */
  agreement(agreement: string): Promise<AgreementInfo> {
    return this.transport.send(get(path`/v1/agreements/${agreement}`));
  }

  /** Ends an agreement early. */
  cancel(agreement: string, options: Once = {}): Promise<CancelInfo> {
    return this.transport.send(post(path`/v1/agreements/${agreement}/cancel`, {}, options.key));
  }

  /** Settles an agreement after its end. The daemon does so too. */
  settle(agreement: string, options: Once = {}): Promise<SettlementInfo> {
    return this.transport.send(post(path`/v1/agreements/${agreement}/settle`, {}, options.key));
  }

  /** Withdraws the account's credit, to where the operator said. */
  withdraw(options: Once = {}): Promise<WithdrawalInfo> {
    return this.transport.send(post("/v1/withdrawals", {}, options.key));
  }
}
