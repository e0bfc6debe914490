/** The base of all errors of this package. */
export class MusterError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
  }
}

/** No whole response came. A request that changes something was repeated under its idempotency key meanwhile. */
export class ConnectionFailed extends MusterError {}

/** The response is none that a Muster API sends: the address is probably that of something else. */
export class UnexpectedResponse extends MusterError {}

/** The API refuses a request or failed. Codes are stable, messages are for people. */
export class ApiError extends MusterError {
  constructor(
    /** The HTTP status. */
    readonly status: number,
    /** The code, as the documents of the two APIs list them. */
    readonly code: string,
    /** What is wrong and what to do. */
    readonly text: string,
  ) {
    super(`${code}: ${text}`);
  }
}

/** `no_token`, `no_right`, `wrong_origin`, `wrong_host`: the token, or the caller, may not do this. */
export class NotAllowed extends ApiError {}

/** `over_limit`: the token may not spend so much. */
export class OverLimit extends ApiError {}

/** `no_agreement`, `no_run`, `no_blob`, `no_market`, `not_found`, `no_route`: there is no such thing. */
export class NotFound extends ApiError {}

/** `refused`: the market or the agreement refuses, for instance because the price is too high or it is too early. */
export class Refused extends ApiError {}

/** `unconfirmed`: a transaction was sent, and no block has it yet. Repeat the request under the same key. */
export class Unconfirmed extends ApiError {}

const KINDS = new Map<string, typeof ApiError>([
  ["no_token", NotAllowed],
  ["no_right", NotAllowed],
  ["wrong_origin", NotAllowed],
  ["wrong_host", NotAllowed],
  ["over_limit", OverLimit],
  ["no_agreement", NotFound],
  ["no_run", NotFound],
  ["no_blob", NotFound],
  ["no_market", NotFound],
  ["not_found", NotFound],
  ["no_route", NotFound],
  ["refused", Refused],
  ["unconfirmed", Unconfirmed],
]);

/** The error that a response with this status and decoded body means. */
export function apiError(status: number, body: unknown): MusterError {
  const { error, message } = (body ?? {}) as Record<string, unknown>;
  if (typeof error === "string" && typeof message === "string") {
    return new (KINDS.get(error) ?? ApiError)(status, error, message);
  }
  return new UnexpectedResponse(`status ${status} without a Muster error in its body: is this the address of a Muster API?`);
}
