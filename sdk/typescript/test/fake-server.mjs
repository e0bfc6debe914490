// A server that gives the responses that a test wants, and remembers the requests.
import { createServer } from "node:http";

/** Starts one: `respond(request, response)` is called with `{ method, path, query, headers, body }`, each with a number of its own. */
export async function fakeServer(test, respond) {
  const requests = [];
  const server = createServer(async (message, response) => {
    const { pathname, searchParams } = new URL(message.url, "http://localhost");
    const parts = [];
    for await (const part of message) parts.push(part);
    const body = Buffer.concat(parts);
    const query = Object.fromEntries(searchParams);
    const request = { method: message.method, path: pathname, query, headers: message.headers, body, number: requests.length };
    requests.push(request);
    respond(request, response);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  test.after(() => server.closeAllConnections() ?? server.close());
  return { url: `http://127.0.0.1:${server.address().port}`, requests };
}

/** Responds with JSON. */
export function json(response, status, body) {
  response.writeHead(status, { "Content-Type": "application/json" }).end(JSON.stringify(body));
}

/** Responds with an error of the API. */
export function refuse(response, status, error) {
  json(response, status, { error, message: "because" });
}
