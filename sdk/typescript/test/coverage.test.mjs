// Every operation of the two APIs is called by some method.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import * as muster from "../dist/main.js";
import { fakeServer } from "./fake-server.mjs";

function operations(name) {
  const { paths } = JSON.parse(readFileSync(new URL(`../../../${name}/openapi.json`, import.meta.url), "utf8"));
  const all = Object.entries(paths).flatMap(([path, methods]) => Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`));
  return all.filter((operation) => operation !== "GET /openapi.json").sort();
}

/** What the server was asked, with `{}` for each parameter of the paths. */
function asked(requests, name) {
  const templates = operations(name).map((operation) => [operation, new RegExp(`^${operation.replace(/\{[^}]*\}/g, "A")}$`)]);
  const named = requests.map(({ method, path }) => templates.find(([, is]) => is.test(`${method} ${path}`))?.[0] ?? `unknown: ${method} ${path}`);
  return [...new Set(named)].sort();
}

/** Calls every method with the same arguments; the fake's responses fit none, which does not matter here. */
async function callAll(object, calls) {
  for (const [method, ...given] of calls) await object[method](...given).catch(() => undefined);
}

test("the local API", async (t) => {
  const { url, requests } = await fakeServer(t, (_, response) => response.end("{}"));
  const market = new muster.Market({ url, token: "secret" });
  await callAll(market, [
    ["account"], ["quote"], ["buy"], ["agreements"], ["agreement", "A"], ["cancel", "A"], ["settle", "A"], ["withdraw"],
    ["upload", "A"], ["download", "A"], ["start", new Uint8Array()], ["runs"], ["runInfo", "A"], ["cancelRun", "A"],
  ]);
  await market.map(new Uint8Array(), {}).next().catch(() => undefined);
  await new muster.Market({ url, token: "secret", retryFor: 0 }).runEvents("A").next().catch(() => undefined);
  assert.deepEqual(asked(requests, "local-api"), operations("local-api"));
});

test("the index", async (t) => {
  const { url, requests } = await fakeServer(t, (_, response) => response.end("{}"));
  await callAll(new muster.Index({ url }), [
    ["markets"], ["applications"], ["book", "A"], ["prices", "A", { from: 0, to: 1 }], ["workers"], ["worker", "A"], ["workerHistory", "A"],
    ["agreements"], ["agreement", "A"], ["testers"], ["tester", "A"], ["account", "A"], ["statement", "A"], ["statementCsv", "A"], ["eventPage"],
    ["evidence"], ["evidenceDocument", "A"],
  ]);
  assert.deepEqual(asked(requests, "index-api"), operations("index-api"));
});
