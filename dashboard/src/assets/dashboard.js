// New blocks as they come, and wallets (EIP-6963, EIP-1193). Everything else works without this file.
// Nothing here makes HTML out of text: what wallets and servers say is shown by textContent alone.
"use strict";

const byId = (id) => document.getElementById(id);

// ---------------------------------------------------------------- new blocks

/** Replaces the content by that of the same page now, unless the reader is in the middle of something. */
const refresh = () => {
  const request = new XMLHttpRequest();
  request.open("GET", location.href);
  request.responseType = "document";
  request.onload = () => {
    const [fresh, main] = [request.response?.querySelector("main"), document.querySelector("main")];
    const foot = request.response?.getElementById("head");
    if (!fresh || !foot || isBusy()) return;
    const open = [...main.querySelectorAll("details")].map((details) => details.open);
    const scrolled = [...main.querySelectorAll(".scroll")].map((part) => part.scrollLeft);
    main.replaceChildren(...fresh.childNodes);
    main.querySelectorAll("details").forEach((details, at) => (details.open = open[at] ?? false));
    main.querySelectorAll(".scroll").forEach((part, at) => (part.scrollLeft = scrolled[at] ?? 0));
    byId("head").replaceWith(foot);
  };
  request.send();
};

/** Whether the reader writes, selects, or looks at something that must not change under the cursor. */
const isBusy = () => {
  const main = document.querySelector("main");
  const active = document.activeElement;
  const within = active && active !== main && main.contains(active);
  return Boolean(byId("action") || within || String(getSelection()));
};

const follow = () => {
  if (byId("action")) return;
  let latest = byId("head").dataset.hash;
  const catchUp = () => {
    if (!document.hidden && latest !== byId("head").dataset.hash) refresh();
  };
  const source = new EventSource("/live");
  source.addEventListener("block", (event) => {
    latest = event.lastEventId;
    catchUp();
  });
  document.addEventListener("visibilitychange", catchUp);
  addEventListener("pagehide", () => source.close());
};

// ---------------------------------------------------------------- wallets

/** Wallets that have announced themselves: name and provider. */
const wallets = [];

const say = (text) => {
  const place = byId("wallet");
  if (place) place.textContent = text;
};

const chosen = () => wallets[Number(byId("wallet-choice")?.value ?? 0)]?.provider;

/** The message of an error, short: a wallet can put anything there. */
const reason = (error) => String(error?.message ?? error).slice(0, 200);

const same = (one, other) => String(one).toLowerCase() === String(other).toLowerCase();

/** A wallet appeared: a choice among them, and the account of the chosen one for the form. */
const addWallet = (name, provider) => {
  if (typeof provider?.request !== "function") return;
  if (wallets.length >= 32 || wallets.some((wallet) => wallet.provider === provider)) return;
  wallets.push({ name: String(name).slice(0, 40), provider });
  const place = byId("wallets");
  if (!place) return;
  place.hidden = false;
  if (!byId("wallet-choice")) {
    const label = document.createElement("label");
    label.htmlFor = "wallet-choice";
    label.textContent = "Wallet ";
    const choice = document.createElement("select");
    choice.id = "wallet-choice";
    const button = document.createElement("button");
    button.type = "button";
    button.id = "use-account";
    button.textContent = "Use its account";
    button.addEventListener("click", useAccount);
    place.append(label, choice, " ", button);
  }
  const option = document.createElement("option");
  option.value = String(wallets.length - 1);
  option.textContent = wallets.at(-1).name;
  byId("wallet-choice").append(option);
  const sign = byId("sign-button");
  if (sign) {
    sign.hidden = false;
    say("Ready to ask the wallet.");
  }
};

const useAccount = async () => {
  try {
    const [account] = await chosen().request({ method: "eth_requestAccounts" });
    byId("from").value = String(account ?? "").slice(0, 42);
    const to = byId("to");
    if (to && !to.value) to.value = byId("from").value;
  } catch (error) {
    byId("use-account").textContent = "Use its account (the wallet refused: " + reason(error) + ")";
  }
};

/** What the page asks the wallet to sign: nothing but what the server has made. */
const prepared = () => {
  const { chain, from, to, value, data } = byId("prepared").dataset;
  return { chain: Number(chain), from, to, value, data };
};

const sign = async () => {
  const button = byId("sign-button");
  button.disabled = true;
  try {
    await signWith(chosen(), prepared());
  } catch (error) {
    say(error?.code === 4001 ? "You declined in the wallet: nothing was sent." : "Nothing is known to be sent: " + reason(error));
    button.disabled = false;
  }
};

const signWith = async (wallet, call) => {
  say("The wallet is asked for its account.");
  const accounts = await wallet.request({ method: "eth_requestAccounts" });
  if (!Array.isArray(accounts) || !accounts.some((account) => same(account, call.from))) {
    throw new Error("the wallet does not have the account " + call.from + ": choose it there, or prepare the call for another one");
  }
  const wanted = "0x" + call.chain.toString(16);
  if (!same(await wallet.request({ method: "eth_chainId" }), wanted)) {
    say("The wallet is on another chain, and is asked to change.");
    await wallet.request({ method: "wallet_switchEthereumChain", params: [{ chainId: wanted }] });
    if (!same(await wallet.request({ method: "eth_chainId" }), wanted)) {
      throw new Error("the wallet stays on another chain than " + call.chain);
    }
  }
  say("Compare the transaction in your wallet with this page.");
  const { from, to, value, data } = call;
  const hash = await wallet.request({ method: "eth_sendTransaction", params: [{ from, to, value, data, chainId: wanted }] });
  if (!/^0x[0-9a-f]{64}$/i.test(String(hash))) {
    throw new Error("the wallet did not say which transaction it sent: look at your account before you sign again");
  }
  await watch(String(hash), call);
};

const pause = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));

/** Follows the transaction by the server's node, whatever the wallet says of it. */
const watch = async (hash, call) => {
  for (let look = 0; ; look += 1) {
    const answer = await fetch("/transaction/" + hash, { cache: "no-store" }).catch(() => null);
    const found = answer?.ok ? await answer.json() : { state: "no answer" };
    if (found.from) {
      const isOurs =
        found.chain === call.chain && ["from", "to", "value", "data"].every((name) => same(found[name], call[name]));
      if (!isOurs) {
        return warn("The wallet sent another transaction than this page prepared: " + hash + ". Look at your account, and do not trust this wallet.");
      }
    }
    if (found.state === "done") return finish(found);
    if (found.state === "reverted") return warn("The transaction " + hash + " failed in block " + found.block + ": only its gas is spent.");
    say(
      found.state === "pending"
        ? "The node has the transaction " + hash + ", and waits for a block."
        : "No node knows the transaction " + hash + " yet." + (look > 20 ? " The wallet may have sent it to another chain, or not at all." : ""),
    );
    await pause(Math.min(500 + look * 250, 5000));
  }
};

const warn = (text) => {
  const place = byId("wallet");
  place.setAttribute("role", "alert");
  place.textContent = text;
};

const finish = (found) => {
  say("Done in block " + found.block + ". " + found.says.join(" "));
  byId("sign-button").hidden = true;
  if (typeof found.link === "string" && found.link.startsWith("/")) {
    const link = document.createElement("a");
    link.id = "outcome";
    link.href = found.link;
    link.textContent = "Look at it";
    byId("wallet").append(" ", link);
  }
};

// ---------------------------------------------------------------- start

follow();
if (byId("action")) {
  addEventListener("eip6963:announceProvider", (event) => addWallet(event.detail?.info?.name ?? "Wallet", event.detail?.provider));
  dispatchEvent(new Event("eip6963:requestProvider"));
  if (window.ethereum && wallets.length === 0) addWallet("Wallet of this browser", window.ethereum);
  byId("sign-button")?.addEventListener("click", sign);
}
