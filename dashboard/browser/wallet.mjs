// A wallet that announces itself as EIP-6963 says. The chain signs for it; what it says can be a lie.
//
// It is installed in the page before its own script runs. `behavior` is set by the driver between pages:
//   honest        does what it is asked
//   other-account has another account than the one that is to sign
//   other-chain   is on another chain, and stays there
//   declines      refuses to sign, as its owner does
//   other-value   sends another transaction than the one that it was asked for
//   no-hash       says that it has sent something, and does not say what
//   unsent        invents a hash
export const install = async (page, chain, account, behavior) => {
  await page.exposeFunction("chainRequest", (request) => chain(request));
  await page.evaluateOnNewDocument(
    (account, behavior) => {
      const request = async ({ method, params = [] }) => {
        const mode = sessionStorage.getItem("wallet-behavior") ?? behavior;
        if (method === "eth_requestAccounts" || method === "eth_accounts") {
          return [mode === "other-account" ? "0x00000000000000000000000000000000000000aa" : account];
        }
        if (mode === "other-chain" && method === "eth_chainId") return "0x1";
        if (method === "wallet_switchEthereumChain") return null;
        if (method === "eth_sendTransaction") {
          if (mode === "declines") throw Object.assign(new Error("declined"), { code: 4001 });
          if (mode === "no-hash") return { not: "a hash" };
          if (mode === "unsent") return "0x" + "ab".repeat(32);
          const { chainId, ...call } = params[0];
          const sent = mode === "other-value" ? { ...call, to: account, data: "0x", value: "0x1" } : call;
          return window.chainRequest({ method, params: [sent] });
        }
        return window.chainRequest({ method, params });
      };
      const detail = Object.freeze({
        info: { uuid: "6b8f1ad4-0000-4000-8000-000000000000", name: "<b>Test</b> wallet", icon: "data:,", rdns: "org.example.wallet" },
        provider: { request },
      });
      const announce = () => dispatchEvent(new CustomEvent("eip6963:announceProvider", { detail }));
      addEventListener("eip6963:requestProvider", announce);
    },
    account,
    behavior,
  );
};
