import assert from "node:assert/strict";
import { test } from "node:test";
import * as muster from "../dist/main.js";
import { fakeServer, json, refuse } from "./fake-server.mjs";

async function index(test, respond, options = {}) {
  const server = await fakeServer(test, respond);
  return { ...server, index: new muster.Index({ url: server.url, ...options }) };
}

/** Takes so many items. */
async function take(count, items) {
  const taken = [];
  for await (const item of items) if (taken.push(item) === count) return taken;
  return taken;
}

test("a list is read page by page", async (t) => {
  const { index: i, requests } = await index(t, ({ query }, response) =>
    json(response, 200, { data: query.after ? { items: [3] } : { items: [1, 2], next: "n" } }), { market: "0xaa" });
  const all = i.each((page) => i.workers({ free: true, application: undefined, ...page }));
  assert.deepEqual(await take(9, all), [1, 2, 3]);
  assert.deepEqual(requests.map(({ query }) => query), [
    { market: "0xaa", free: "true" }, { market: "0xaa", free: "true", after: "n" },
  ]);
});

test("who asks too often waits", async (t) => {
  const { index: i } = await index(t, ({ number }, response) =>
    number === 0 ? refuse(response, 429, "too_many_requests") : json(response, 200, []));
  assert.deepEqual(await i.markets(), []);
});

test("a stream goes on after the last message, whatever the bytes are cut into", async (t) => {
  const text = 'id: 5.0\ndata: {"event":"Größe\u2028"}\n\n: alive\n\nevent: later\ndata: {}\n\nevent: head\nid: 5.1\ndata: {"number":5}\r\n\r\nevent: reorg\ndata: {"af';
  const { index: i, requests } = await index(t, async ({ number }, response) => {
    response.writeHead(200, { "Content-Type": "text/event-stream" });
    if (number === 0) {
      for (const byte of Buffer.from(text)) {
        response.write(Buffer.of(byte));
        await new Promise(setImmediate);
      }
      response.destroy();
    } else if (number === 1) {
      response.end('event: reorg\ndata: {"after":4}\n\n');
    } else {
      response.write('id: 6.0\ndata: {"event":"B"}\n\n');
    }
  });
  assert.deepEqual(await take(4, i.events({ name: "A", after: "4.9" })), [
    { kind: "event", event: { event: "Größe\u2028" }, id: "5.0" },
    { kind: "head", block: { number: 5 }, id: "5.1" },
    { kind: "reorg", after: 4 },
    { kind: "event", event: { event: "B" }, id: "6.0" },
  ]);
  assert.deepEqual(requests.map(({ headers }) => headers["last-event-id"]), [undefined, "5.1", "5.1"]);
  assert.deepEqual(requests[0].query, { name: "A", after: "4.9" });
  assert.equal(requests[0].headers.accept, "text/event-stream");
});

test("a stream that is refused ends with the error", async (t) => {
  const { index: i } = await index(t, (_, response) => refuse(response, 404, "no_market"));
  await assert.rejects(take(1, i.events()), muster.NotFound);
});
