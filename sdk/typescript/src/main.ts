/** Muster from TypeScript. `Market` buys and runs, with a token and no key; `Index` reads what markets did. */
export * from "./errors.js";
export { type Answer, Index, type IndexOptions, type Page, type Update } from "./index-client.js";
export type * as indexTypes from "./index-types.js";
export { type Content, JobFailed, type JobOptions, type JobResult } from "./jobs.js";
export type * as localTypes from "./local-types.js";
export { Market, type MarketOptions, type Once } from "./market.js";
