import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import * as muster from "../dist/main.js";
import { fakeServer, json, refuse } from "./fake-server.mjs";

const digest = (bytes) => createHash("sha256").update(bytes).digest("hex");
const running = { id: "a1", name: "a.wasm", state: "running", verdict: null, result: null, answers: [] };

/** A daemon that keeps blobs, and whose runs end as given, after a stream that breaks in the middle. */
async function daemon(test, end) {
  const blobs = new Map();
  let streams = 0;
  const server = await fakeServer(test, ({ method, path, body }, response) => {
    if (path === "/v1/blobs") {
      blobs.set(digest(body), body);
      return json(response, 201, { digest: digest(body), size: body.length });
    }
    if (path.startsWith("/v1/blobs/")) {
      const blob = blobs.get(path.slice(10));
      return blob ? response.end(blob) : refuse(response, 404, "no_blob");
    }
    if (path === "/v1/maps") return json(response, 202, { runs: JSON.parse(body).inputs.map(({ name }, at) => ({ name, id: `a${at}` })) });
    if (!path.endsWith("/events")) return json(response, method === "POST" ? 202 : 200, running);
    response.writeHead(200, { "Content-Type": "text/event-stream" });
    const message = (run) => `event: run\ndata: ${JSON.stringify(run)}\n\n`;
    if (streams++ === 0) return response.write(`${message(running)}event: run\nda`, () => response.destroy());
    const stdout = Buffer.from("78498\n");
    blobs.set(digest(stdout), stdout);
    response.end(`: alive\n\n${message(running)}${message({ ...running, ...end(digest(stdout)) })}`);
  });
  return { ...server, blobs, market: new muster.Market({ url: server.url, token: "secret" }) };
}

const agreed = (stdout) => ({
  state: "finished", verdict: "agreed", result: { exit_code: 0, stdout, files: [{ path: "/out/a", blob: "b1", size: 1 }] },
});

test("a run uploads what it needs, survives a lost stream, and has its output", async (t) => {
  const { market, requests } = await daemon(t, agreed);
  const options = { name: "a.wasm", args: ["1000000"], stdin: "in", files: { "/in/a": Uint8Array.of(1) }, replicas: 2, purchase: { at_most: "1eth" } };
  const result = await market.run(new TextEncoder().encode("module"), { ...options, key: "monday" });
  assert.deepEqual([result.text, result.exitCode, result.files, result.run.verdict], ["78498\n", 0, { "/out/a": "b1" }, "agreed"]);
  const start = requests.find(({ path, method }) => path === "/v1/runs" && method === "POST");
  assert.equal(start.headers["idempotency-key"], "monday");
  assert.deepEqual(JSON.parse(start.body), {
    name: "a.wasm", replicas: 2, purchase: { at_most: "1eth" }, program: digest("module"), arguments: ["1000000"],
    files: [{ path: "/in/a", blob: digest(Uint8Array.of(1)) }], stdin: digest("in"),
  });
  assert.equal(requests.filter(({ path }) => path.endsWith("/events")).length, 2);
});

test("a run without a result that enough workers signed is an error", async (t) => {
  for (const end of [{ state: "finished", verdict: "too_few" }, { state: "failed", failure: "no worker answers" }, { state: "cancelled" }]) {
    const { market } = await daemon(t, (stdout) => ({ ...agreed(stdout), ...end }));
    await assert.rejects(market.run(new Uint8Array()), (error) => error instanceof muster.JobFailed && error.run.state === end.state);
  }
});

test("a map has a result for each input, in their order", async (t) => {
  const { market, blobs } = await daemon(t, agreed);
  const names = [];
  for await (const [name, { text }] of market.map(new Uint8Array(), { b: "two", a: "one" }, { args: ["{in}"] })) names.push([name, text]);
  assert.deepEqual(names, [["b", "78498\n"], ["a", "78498\n"]]);
  assert.ok(blobs.has(digest("two")));
});

test("a blob that is not there is an error", async (t) => {
  const { market } = await daemon(t, agreed);
  await assert.rejects(market.download("00"), muster.NotFound);
});
