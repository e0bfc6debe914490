// Drives every page of a dashboard in Chromium, with a wallet, at three widths, in light and dark.
//
//   node drive.mjs CHROMIUM DASHBOARD-URL NODE-URL MUSTER FOLDER-FOR-SCREENSHOTS
//
// The script around it has made a market: workers, testers, the client's account. Every check counts; the last line says how many.
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import puppeteer from "puppeteer-core";
import { install } from "./wallet.mjs";

const [chromium, site, node, muster, folder] = process.argv.slice(2);
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
let passed = 0;

const check = (what, isSo, found = "") => {
  if (!isSo) throw new Error(`${what}: ${found}`);
  passed += 1;
};

let id = 0;
const chain = async ({ method, params = [] }) => {
  const body = JSON.stringify({ jsonrpc: "2.0", id: ++id, method, params });
  const answer = await (await fetch(node, { method: "POST", headers: { "content-type": "application/json" }, body })).json();
  if (answer.error) throw new Error(answer.error.message);
  return answer.result;
};

/** A command of the worker. */
const command = (...args) => execFileSync(muster, args, { encoding: "utf8", env: { ...process.env, MUSTER_KEY: process.env.WORKER_KEY } });

// The dev account, and the two of the mnemonic.
const [client, , worker] = await chain({ method: "eth_accounts" });
const browser = await puppeteer.launch({ executablePath: chromium, args: ["--no-sandbox", "--disable-dev-shm-usage"] });

/** A page whose console and policy must stay silent. */
const open = async (account = client) => {
  const page = await browser.newPage();
  const complaints = [];
  // The browser itself says so of an answer that is not 200; the pages of errors are meant.
  page.on("console", (message) => {
    const isStatus = message.text().startsWith("Failed to load resource: the server responded with a status of 4");
    if (["error", "warn"].includes(message.type()) && !isStatus) complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(String(error)));
  await install(page, chain, account, "honest");
  return Object.assign(page, { complaints });
};

const visit = (page, path) => page.goto(new URL(path, site), { waitUntil: "load" });
const text = (page, selector = "main") => page.$eval(selector, (part) => part.innerText);

/** Waits until the page says something, without loading it again. */
const says = (page, words, selector = "main") =>
  page.waitForFunction((words, selector) => document.querySelector(selector)?.innerText.includes(words), { timeout: 120_000 }, words, selector);

const fill = async (page, fields) => {
  for (const [name, value] of Object.entries(fields)) {
    await page.$eval(`#${name}`, (input) => (input.value = ""));
    await page.type(`#${name}`, String(value));
  }
};

/** Prepares an action, and returns what the page says of it. */
const prepare = async (page, path, fields) => {
  await visit(page, path);
  await fill(page, fields);
  await page.waitForSelector("#use-account");
  await page.click("#use-account");
  await page.waitForFunction(() => document.querySelector("#from").value.length === 42);
  await Promise.all([page.waitForNavigation(), page.click("#action button[type=submit]")]);
  return text(page);
};

/** Signs what the page has prepared, and returns the link to what came about. */
const sign = async (page) => {
  await page.waitForSelector("#sign-button:not([hidden])");
  await page.click("#sign-button");
  await page.waitForSelector("#outcome", { timeout: 120_000 });
  return page.$eval("#outcome", (link) => link.getAttribute("href"));
};

const advance = async (seconds) => {
  await chain({ method: "evm_increaseTime", params: [seconds] });
  await chain({ method: "evm_mine" });
};

// ---------------------------------------------------------------- what a client does

const page = await open();
await page.setViewport({ width: 1440, height: 900 });

const asked = await prepare(page, "/act/buy", { redundancy: 1, length: 2400, windows: 4, testers: 3, at_most: "0.1eth" });
check("the purchase is said in words", asked.includes("Pays ") && asked.includes("1 worker of application 0"), asked);
check("what nobody knows is said", asked.includes("What this page cannot know"), asked);

// Wallets that cannot be trusted.
const hostile = async (behavior, expected) => {
  await page.evaluate((behavior) => sessionStorage.setItem("wallet-behavior", behavior), behavior);
  await page.reload();
  await page.waitForSelector("#sign-button:not([hidden])");
  await page.click("#sign-button");
  await says(page, expected, "#wallet");
  passed += 1;
};
await hostile("other-account", "does not have the account");
await hostile("other-chain", "stays on another chain");
await hostile("declines", "You declined");
await hostile("no-hash", "did not say which transaction");
await hostile("unsent", "No node knows the transaction");
await hostile("other-value", "sent another transaction than this page prepared");
check("a lie is an alert", (await page.$eval("#wallet", (part) => part.getAttribute("role"))) === "alert");
check("a wallet's name is text", (await page.$eval("#wallet-choice", (choice) => choice.innerHTML)).includes("&lt;b&gt;"));
await page.evaluate(() => sessionStorage.removeItem("wallet-behavior"));

await prepare(page, "/act/buy", { redundancy: 1, length: 2400, windows: 4, testers: 3, at_most: "0.1eth" });
const agreement = await sign(page);
check("a purchase leads to its agreement", agreement.startsWith("/agreement/0x"), agreement);

// Watches: the page changes while it is looked at.
await page.waitForFunction(async (path) => (await fetch(path)).ok, { timeout: 60_000 }, agreement);
await visit(page, agreement);
check("a new agreement is offered", (await text(page)).includes("offered"));
await page.evaluate(() => (window.untouched = true));
command("worker", "accept", agreement.split("/").at(-1));
await says(page, "running");
check("the page was not loaded again", await page.evaluate(() => window.untouched === true));

await prepare(page, `/act/cancel?agreement=${agreement.split("/").at(-1)}`, {});
check("a cancellation says what it costs", (await text(page)).includes("costs at most"));
await sign(page);
await visit(page, agreement);
await says(page, "Cancelled");

await advance(4_000);
await says(page, "due");
await page.waitForSelector('a[href^="/act/settle"]');
await page.click('a[href^="/act/settle"]');
await page.waitForSelector("#action");
await prepare(page, new URL(page.url()).pathname + new URL(page.url()).search, {});
await sign(page);
await visit(page, agreement);
await says(page, "settled");
check("the money is shown", (await text(page)).includes("Who got what"));

await prepare(page, "/act/withdraw", { to: client });
const account = await sign(page);
check("a withdrawal leads to the account", account === `/account/${account.split("/").at(-1)}`, account);
await page.waitForFunction(async (path) => (await (await fetch(path)).text()).includes("purchase"), { timeout: 60_000 }, account);

// A refusal is said before anything is signed.
check("nothing is left to withdraw", (await prepare(page, "/act/withdraw", { to: client })).includes("has no credit to withdraw"));

// ---------------------------------------------------------------- what a worker does

const other = await open(worker);
const priced = await prepare(other, "/act/price", { price: "3gwei" });
check("a price is said in words", priced.includes("becomes 3gwei per tick"), priced);
const shown = await sign(other);
await other.waitForFunction(async (path) => (await (await fetch(path)).text()).includes("3gwei</span> per second"), { timeout: 60_000 }, shown);
await prepare(other, "/act/availability", { available: "no" });
await sign(other);
await prepare(other, "/act/availability", { available: "yes" });
await sign(other);
check("the worker's pages are silent", other.complaints.length === 0, other.complaints.join("; "));

// ---------------------------------------------------------------- every page at every width

// Axe runs where the policy of the pages does not bind it.
const checked = await browser.newPage();
await checked.setBypassCSP(true);
await checked.setViewport({ width: 768, height: 900 });

const worker_path = shown;
const testers = await (await fetch(new URL("/application/tester", site))).text();
const [tester] = testers.match(/\/tester\/0x[0-9a-fA-F]{40}/);
page.complaints.length = 0;
const pages = {
  market: "/",
  application: "/application/0",
  testers: "/application/tester",
  worker: worker_path,
  agreements: "/agreements",
  agreement,
  tester,
  account,
  question: "/account",
  events: "/events",
  search: "/search?q=nothing",
  missing: "/nowhere",
  buy: `/act/buy?redundancy=1&length=2400&windows=4&testers=3&at_most=0.1eth&from=${client}`,
};

for (const [name, path] of Object.entries(pages)) {
  for (const width of [360, 768, 1440]) {
    await page.setViewport({ width, height: 900 });
    await visit(page, path);
    const wide = await page.evaluate(() => {
      const most = document.documentElement.clientWidth;
      const isFree = (part) => !part.closest(".scroll, .skip, .hidden, pre");
      const parts = [...document.querySelectorAll("body *")].filter((part) => isFree(part) && part.getBoundingClientRect().right > most + 1);
      return document.documentElement.scrollWidth > most ? ["the page"] : parts.map((part) => part.outerHTML.slice(0, 120));
    });
    check(`${name} at ${width} pixels is no wider than the screen`, wide.length === 0, wide.join("; "));
    await page.screenshot({ path: `${folder}/${name}-${width}.png`, fullPage: true });
  }
  for (const scheme of ["light", "dark"]) {
    await checked.emulateMediaFeatures([{ name: "prefers-color-scheme", value: scheme }]);
    await visit(checked, path);
    await checked.evaluate(() => document.querySelectorAll("details").forEach((details) => (details.open = true)));
    await checked.evaluate(axe);
    const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
    const { violations } = await checked.evaluate((tags) => window.axe.run(document, { runOnly: tags }), tags);
    const found = violations.map((rule) => `${rule.id}: ${rule.nodes.map((node) => node.html).slice(0, 3).join(" | ")}`);
    check(`${name} in ${scheme} is accessible`, violations.length === 0, found.join("; "));
    if (scheme === "dark" && ["market", "agreement"].includes(name)) await checked.screenshot({ path: `${folder}/${name}-dark.png`, fullPage: true });
  }
}
check("the pages are silent", page.complaints.length === 0, page.complaints.join("; "));

// ---------------------------------------------------------------- keyboard, and no script

await page.setViewport({ width: 1440, height: 900 });
await visit(page, "/");
await page.keyboard.press("Tab");
check("the first stop skips to the content", (await page.evaluate(() => document.activeElement.textContent)) === "Skip to the content");
await page.keyboard.press("Enter");
check("it goes there", (await page.evaluate(() => document.activeElement.id)) === "content");

const plain = await browser.newPage();
await plain.setJavaScriptEnabled(false);
await visit(plain, pages.buy);
const data = await plain.$("#data");
check("without scripts the call is there to be signed elsewhere", data !== null);

await browser.close();
console.log(`${passed} passed, 0 failed`);
