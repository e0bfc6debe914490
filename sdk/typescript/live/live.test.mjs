// Against a running market with two workers or more, as scripts/sdk starts it: MUSTER_API, MUSTER_TOKEN, MUSTER_INDEX. The token may read,
// buy and cancel.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as muster from "muster-market";

const [market, index] = [new muster.Market(), new muster.Index()];
const order = { redundancy: 2, testers: 0 };

/** The first item for which a condition holds. */
async function first(items, holds) {
  for await (const item of items) if (await holds(item)) return item;
  assert.fail("the stream ended");
}

test("the account says what the token may", async () => {
  const { token } = await market.account();
  for (const right of ["read", "buy", "cancel"]) assert.ok(token.rights.includes(right));
  assert.ok(BigInt(token.left) > 0n);
});

test("a purchase is made once, and the index tells of it", async () => {
  const start = await first(index.events(), ({ kind }) => kind === "head");
  const key = crypto.randomUUID();
  const { price } = await market.quote(order);
  const bought = await market.buy(order, { atMost: price, key });
  assert.equal(bought.workers.length, 2);
  assert.deepEqual(await market.buy(order, { atMost: price, key }), bought);
  await assert.rejects(market.buy({ redundancy: 1 }, { key }), { code: "key_reused" });

  const { agreement } = bought;
  const told = await first(index.events({ after: start.id }), (found) => Object.values(found.event?.arguments ?? {}).includes(agreement));
  assert.equal(told.kind, "event");
  await first(index.events({ subject: agreement }), async () => (await market.agreement(agreement)).state === "running");
  assert.ok((await market.agreements()).some((found) => found.agreement === agreement));
  const ended = await market.cancel(agreement);
  const { account } = await market.account();
  await first(index.events({ subject: agreement }), async () => (await index.account(account)).block.number >= ended.transaction.block);
  assert.equal((await index.agreement(agreement)).data.escrow, bought.escrow);
  const accounts = [];
  for await (const worker of index.each((page) => index.workers({ limit: 1, ...page }))) accounts.push(worker.account);
  for (const worker of bought.workers) assert.ok(accounts.includes(worker));
  assert.match(await index.statementCsv(account), /^time,/);
});

test("refusals are exceptions", async () => {
  await assert.rejects(market.buy(order, { atMost: "1000eth" }), muster.OverLimit);
  await assert.rejects(market.buy(order, { atMost: "1" }), muster.Refused);
  await assert.rejects(market.withdraw(), { name: "NotAllowed", code: "no_right" });
  await assert.rejects(new muster.Market({ token: "nobody's" }).account(), { name: "NotAllowed", code: "no_token" });
  await assert.rejects(market.agreement(`0x${"00".repeat(20)}`), muster.NotFound);
  await assert.rejects(index.worker(`0x${"00".repeat(20)}`), muster.NotFound);
});
