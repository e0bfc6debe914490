import assert from "node:assert/strict";
import { test } from "node:test";
import * as muster from "../dist/main.js";
import { fakeServer, json, refuse } from "./fake-server.mjs";

async function market(test, respond, options = {}) {
  const server = await fakeServer(test, respond);
  return { ...server, market: new muster.Market({ url: server.url, token: "secret", ...options }) };
}

test("a request has the token, an idempotency key, and the order", async (t) => {
  const { market: m, requests } = await market(t, (_, response) => json(response, 201, { agreement: "0x01" }));
  assert.deepEqual(await m.buy({ redundancy: 2 }, { atMost: "0.01eth" }), { agreement: "0x01" });
  assert.equal(requests[0].headers.authorization, "Bearer secret");
  assert.match(requests[0].headers["idempotency-key"], /^[0-9a-f-]{36}$/);
  assert.deepEqual(JSON.parse(requests[0].body), { order: { redundancy: 2 }, at_most: "0.01eth" });
});

test("what is not confirmed is repeated under its key", async (t) => {
  const { market: m, requests } = await market(t, ({ number }, response) =>
    number < 2 ? refuse(response, 503, "unconfirmed") : json(response, 200, { amount: "7" }));
  assert.equal((await m.withdraw()).amount, "7");
  assert.equal(new Set(requests.map(({ headers }) => headers["idempotency-key"])).size, 1);
  assert.equal(requests.length, 3);
});

test("a lost connection is no second purchase", async (t) => {
  const { market: m, requests } = await market(t, ({ number }, response) =>
    number === 0 ? response.destroy() : json(response, 201, { agreement: "0x01" }));
  await m.buy({}, { key: "monday" });
  assert.deepEqual(requests.map(({ headers }) => headers["idempotency-key"]), ["monday", "monday"]);
});

test("errors have a class, a status, a code and a message", async (t) => {
  const kinds = [[402, "over_limit", "OverLimit"], [403, "no_right", "NotAllowed"], [404, "no_agreement", "NotFound"],
    [409, "refused", "Refused"], [422, "key_reused", "ApiError"], [500, "new_code", "ApiError"]];
  for (const [status, code, kind] of kinds) {
    const { market: m, requests } = await market(t, (_, response) => refuse(response, status, code));
    await assert.rejects(m.cancel("0x01"), (error) => {
      assert.ok(error instanceof muster.ApiError && error instanceof muster[kind]);
      assert.deepEqual([error.name, error.status, error.code, error.text], [kind, status, code, "because"]);
      return true;
    });
    assert.equal(requests.length, 1, "what is refused is not repeated");
  }
});

test("it stops repeating", async (t) => {
  const { market: m } = await market(t, (_, response) => refuse(response, 503, "unconfirmed"), { retryFor: 500 });
  await assert.rejects(m.settle("0x01"), muster.Unconfirmed);
  const nobody = new muster.Market({ url: "http://127.0.0.1:1", token: "secret", retryFor: 0 });
  await assert.rejects(nobody.account(), muster.ConnectionFailed);
});

test("another server is told from the API", async (t) => {
  const { market: m } = await market(t, ({ path }, response) => response.writeHead(path.endsWith("account") ? 200 : 502).end("<html>"));
  await assert.rejects(m.account(), muster.UnexpectedResponse);
  await assert.rejects(m.agreement("0x01"), muster.UnexpectedResponse);
});

test("an agreement's name is one segment of the path", async (t) => {
  const { market: m, requests } = await market(t, (_, response) => json(response, 200, {}));
  await m.agreement("../account");
  assert.equal(requests[0].path, "/v1/agreements/..%2Faccount");
});

test("an address and a token are needed", () => {
  assert.throws(() => new muster.Market({ url: "http://127.0.0.1:1" }), /MUSTER_TOKEN/);
  assert.throws(() => new muster.Index(), /MUSTER_INDEX/);
});
