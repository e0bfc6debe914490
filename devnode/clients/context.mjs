// Shared by the scripts that use viem: the chain from the environment (RPC, DEV_KEY), a funded account, the output of
// build.mjs, and steps that print one line each.

import { strict as assert } from "node:assert";
import { readFileSync } from "node:fs";
import { createPublicClient, createWalletClient, defineChain, http, parseEther, webSocket } from "viem";
import { generatePrivateKey, privateKeyToAccount } from "viem/accounts";

const { RPC, DEV_KEY } = process.env;
if (!RPC || !DEV_KEY) throw new Error("RPC and DEV_KEY are not set; scripts/interop-clients sets them");

const chain = defineChain({
  id: 412346,
  name: "dev chain",
  nativeCurrency: { name: "Ether", symbol: "ETH", decimals: 18 },
  rpcUrls: { default: { http: [RPC], webSocket: [RPC.replace("http", "ws")] } },
});

/** Looks at the chain over HTTP. */
export const viewer = createPublicClient({ chain, transport: http(), pollingInterval: 50 });

/** Looks at the chain over WebSocket. */
export const listener = () => createPublicClient({ chain, transport: webSocket() });

/** Signs as an account. */
const signer = (key) => createWalletClient({ chain, transport: http(), account: privateKeyToAccount(key) });

/** A new account with ten ether, and a client that signs for it. */
export async function richAccount() {
  const fresh = signer(generatePrivateKey());
  const hash = await signer(DEV_KEY).sendTransaction({ to: fresh.account.address, value: parseEther("10") });
  await succeeded(hash);
  return fresh;
}

/** What build.mjs made of a contract or a program: its abi and bytecode. */
export const artifact = (name) => JSON.parse(readFileSync(new URL(`build/${name}.json`, import.meta.url), "utf8"));

/** The receipt of a transaction that has to succeed. */
export async function succeeded(hash) {
  const receipt = await viewer.waitForTransactionReceipt({ hash });
  assert.equal(receipt.status, "success", `transaction ${hash}`);
  return receipt;
}

/** The precompile that activates programs. */
export const arbWasm = { abi: artifact("ArbWasm").abi, address: "0x0000000000000000000000000000000000000071" };

/** Deploys a contract; its address. */
export async function deploy(wallet, { abi, bytecode }, args = []) {
  const receipt = await succeeded(await wallet.deployContract({ abi, bytecode, args }));
  return receipt.contractAddress;
}

/** Activates a program and returns the receipt. */
export async function activate(wallet, program) {
  const value = parseEther("1");
  const { request } = await viewer.simulateContract({
    ...arbWasm,
    account: wallet.account,
    functionName: "activateProgram",
    args: [program],
    value,
  });
  return succeeded(await wallet.writeContract(request));
}

/** Runs the steps of a client: prints one line for each, and fails the process if one fails. */
export function steps(client) {
  return async (title, run) => {
    try {
      const result = await run();
      console.log(`ok    ${client}: ${title}`);
      return result;
    } catch (error) {
      process.exitCode = 1;
      console.log(`FAIL  ${client}: ${title}: ${String(error).replaceAll(/\s+/g, " ")}`);
    }
  };
}
