// viem drives the counter, once as an EVM contract and once as a Stylus program.

import { strict as assert } from "node:assert";
import { BaseError, ContractFunctionRevertedError, getContractAddress, parseEventLogs, toHex } from "viem";
import { activate, arbWasm, artifact, deploy, listener, richAccount, steps, succeeded, viewer } from "./context.mjs";

const step = steps("viem");
const { abi } = artifact("ICounter");

/** The custom error, with arguments, that a call has to end with. */
async function refusal(call) {
  const error = await call.then(() => assert.fail("the call succeeded"), (error) => error);
  assert(error instanceof BaseError, error);
  const { data } = error.walk((cause) => cause instanceof ContractFunctionRevertedError) ?? {};
  assert(data, `no revert data: ${error}`);
  return [data.errorName, ...(data.args ?? [])];
}

/** What a transaction took from an account besides its value. */
const fee = ({ gasUsed, effectiveGasPrice }) => gasUsed * effectiveGasPrice;

const wallet = await step("funds an own account", richAccount);
const by = wallet.account.address;

await step("reports the chain", async () => {
  assert.equal(await viewer.getChainId(), 412346);
  assert.equal(await viewer.getGasPrice(), 100_000_000n);
  assert.equal(await viewer.getBalance({ address: by }), 10n ** 19n);
});

const contract = await step("contract: deploys, with an argument", async () => {
  const nonce = await viewer.getTransactionCount({ address: by });
  const address = await deploy(wallet, artifact("Counter"), [40n]);
  assert.equal(address.toLowerCase(), getContractAddress({ from: by, nonce: BigInt(nonce) }).toLowerCase());
  return address;
});
await drive("contract", contract, 40n);

const program = await step("program: deploys", () => deploy(wallet, artifact("stylus-counter")));
const version = { ...arbWasm, functionName: "programVersion", args: [program] };
await step("program: cannot be called before its activation", async () => {
  assert.deepEqual(await refusal(viewer.readContract(version)), ["ProgramNotActivated"]);
  // For the called program itself the node returns only an error text.
  const call = viewer.readContract({ abi, address: program, functionName: "number" });
  await assert.rejects(call, (error) => error.details === "error ProgramNotActivated()");
});
await step("program: is activated for the fee in the event", async () => {
  const before = await viewer.getBalance({ address: by });
  const receipt = await activate(wallet, program);
  const [{ args }] = parseEventLogs({ abi: arbWasm.abi, logs: receipt.logs, eventName: "ProgramActivated" });
  assert.equal(args.program.toLowerCase(), program.toLowerCase());
  assert.equal(await viewer.getBalance({ address: by }), before - fee(receipt) - args.dataFee);
  assert.equal(await viewer.readContract(version), args.version);
});
await drive("program", program, 0n);

/** Drives a counter that stands at `start`. */
async function drive(kind, address, start) {
  const counter = { abi, address };
  const number = (at) => viewer.readContract({ ...counter, functionName: "number", ...at });
  const addition = (amount) => ({ ...counter, functionName: "add", args: [amount], account: wallet.account });

  await step(`${kind}: calls`, async () => assert.equal(await number(), start));

  const receipt = await step(`${kind}: sends a transaction and pays for the gas used`, async () => {
    const before = await viewer.getBalance({ address: by });
    const { request, result } = await viewer.simulateContract(addition(2n));
    assert.equal(result, start + 2n);
    const estimate = await viewer.estimateContractGas(addition(2n));
    const receipt = await viewer.waitForTransactionReceipt({ hash: await wallet.writeContract(request) });
    assert.equal(receipt.status, "success");
    assert(estimate >= receipt.gasUsed, `${estimate} < ${receipt.gasUsed}`);
    assert.equal(await viewer.getBalance({ address: by }), before - fee(receipt));
    assert.equal(await number(), start + 2n);
    return receipt;
  });

  await step(`${kind}: decodes the event of the receipt and of a log query`, async () => {
    const expected = { by, amount: 2n, total: start + 2n };
    const logs = parseEventLogs({ abi, logs: receipt.logs });
    const found = await viewer.getContractEvents({ ...counter, eventName: "Added", args: { by }, fromBlock: 0n });
    for (const events of [logs, found]) assert.deepEqual(events.map(({ args }) => args), [expected]);
    assert.equal(found[0].transactionHash, receipt.transactionHash);
  });

  await step(`${kind}: decodes the error of a call that reverts`, async () => {
    assert.deepEqual(await refusal(viewer.simulateContract(addition(1000n))), ["TooMuch", 1000n, 100n]);
    assert.deepEqual(await refusal(viewer.estimateContractGas(addition(101n))), ["TooMuch", 101n, 100n]);
  });

  await step(`${kind}: a transaction that reverts costs gas and changes nothing`, async () => {
    const before = await viewer.getBalance({ address: by });
    const hash = await wallet.writeContract({ ...addition(1000n), gas: 100_000n });
    const failed = await viewer.waitForTransactionReceipt({ hash });
    assert.deepEqual([failed.status, failed.logs], ["reverted", []]);
    assert.equal(await viewer.getBalance({ address: by }), before - fee(failed));
    assert.equal(await number(), start + 2n);
  });

  await step(`${kind}: reads past state`, async () => {
    const { blockNumber, blockHash, transactionHash } = receipt;
    assert.equal(await number({ blockNumber: blockNumber - 1n }), start);
    assert.equal(await viewer.getStorageAt({ address, slot: "0x0", blockNumber }), toHex(start + 2n, { size: 32 }));
    const block = await viewer.getBlock({ blockHash, includeTransactions: true });
    const told = await viewer.getTransaction({ hash: transactionHash });
    assert.deepEqual(block.transactions, [told]);
    assert.deepEqual([told.from.toLowerCase(), told.type, block.number], [by.toLowerCase(), "eip1559", blockNumber]);
  });

  await step(`${kind}: receives new events over HTTP`, () => hears(viewer));
  await step(`${kind}: receives new events over WebSocket`, async () => {
    const socket = listener();
    await hears(socket);
    (await socket.transport.getRpcClient()).close();
  });

  /** Watches for events and adds until one is told. Nothing says when the watch begins, so the first may be missed. */
  async function hears(client) {
    const news = [];
    const problems = [];
    const stop = client.watchContractEvent({
      ...counter,
      eventName: "Added",
      onLogs: (logs) => news.push(...logs),
      onError: (problem) => problems.push(problem),
    });
    const first = await number();
    for (let tries = 0; news.length === 0 && tries < 50; tries += 1) {
      await succeeded(await wallet.writeContract(addition(1n)));
      await new Promise((done) => setTimeout(done, 100));
    }
    stop();
    assert.deepEqual(problems, []);
    const { args } = news.at(-1) ?? assert.fail("no event in fifty transactions");
    const total = await number();
    assert(args.total > first && args.total <= total, `${args.total} is not above ${first} and up to ${total}`);
    assert.deepEqual(args, { by, amount: 1n, total: args.total });
  }
}
