// Solidity contracts and Stylus programs on one chain: they call, create and reject each other in both directions.
// MARKET is the address of a market's dispatcher, which is a Stylus program as well.

import { strict as assert } from "node:assert";
import { fileURLToPath } from "node:url";
import {
  concat, decodeErrorResult, decodeFunctionResult, encodeDeployData, encodeFunctionData, getAddress, keccak256,
  numberToHex, padHex, parseEther, parseEventLogs, size, slice, stringToHex, toHex, zeroAddress, zeroHash,
} from "viem";
import { contracts, files } from "./compile.mjs";
import { activate, artifact, deploy, richAccount, steps, succeeded, viewer } from "./context.mjs";

const step = steps("solidity");
const { abi } = artifact("ICounter");
const bridgeAbi = [...artifact("Bridge").abi, ...abi];
const market = { abi: artifact("Market").abi, address: process.env.MARKET };

const add = (amount) => encodeFunctionData({ abi, functionName: "add", args: [amount] });
const number = (address) => viewer.readContract({ abi, address, functionName: "number" });
const decodeError = (data) => {
  const { errorName, args } = decodeErrorResult({ abi, data });
  return [errorName, ...args];
};

/** Calls that the router knows. */
const [CALL, DELEGATE, STATIC] = ["0x00", "0x01", "0x02"];

/** Calldata that lets the router call `to` with all its gas, no value, and `data`. */
const route = (kind, to, data) => concat([kind, to, zeroHash, "0xffffffffffffffff", data]);

/** What the router answers: status of its call (0 success, 2 failure), and the data that came back. */
const routed = (answer) => [Number(slice(answer, 0, 1)), size(answer) > 17 ? slice(answer, 17) : "0x"];

const wallet = await richAccount();
const { account } = wallet;
const deployed = await step("deploys two contracts and four programs", async () => {
  const addresses = [
    await deploy(wallet, artifact("Bridge")),
    await deploy(wallet, artifact("Counter"), [40n]),
  ];
  for (const name of ["stylus-counter", "call", "keccak", "create"]) {
    const address = await deploy(wallet, artifact(name));
    await activate(wallet, address);
    addresses.push(address);
  }
  return addresses.map((address) => getAddress(address));
});
const [bridge, counter, program, router, keccak, creator] = deployed;

/** What a function of the bridge would return. */
async function ask(functionName, args) {
  const { result } = await viewer.simulateContract({ abi: bridgeAbi, address: bridge, functionName, args, account });
  return result;
}

/** The events of a kind that a function of the bridge leaves, which has to succeed. */
async function act(functionName, args, events, value) {
  const hash = await wallet.writeContract({ abi: bridgeAbi, address: bridge, functionName, args, value });
  const { logs } = await succeeded(hash);
  return parseEventLogs({ ...events, logs });
}

const added = { abi, eventName: "Added" };
const told = (logs) => logs.map(({ address, args }) => [getAddress(address), args]);

// Solidity calls Stylus.

await step("a contract's keccak256 is the program's", async () => {
  for (const data of ["0x", toHex("a"), toHex("market ".repeat(100))]) {
    const [success, answer] = await ask("look", [keccak, data]);
    assert.deepEqual([success, slice(answer, 8)], [true, keccak256(data)]);
  }
});

await step("a contract adds through a program, which sees the contract as its caller", async () => {
  assert.equal(await ask("add", [program, 5n]), 5n);
  const logs = await act("add", [program, 5n], added);
  assert.deepEqual(told(logs), [[program, { by: bridge, amount: 5n, total: 5n }]]);
  assert.equal(await number(program), 5n);
});

await step("a program's error passes through a contract", async () => {
  await assert.rejects(ask("add", [program, 1000n]), (error) => {
    const { errorName, args } = error.cause.data;
    assert.deepEqual([errorName, ...args], ["TooMuch", 1000n, 100n]);
    return true;
  });
});

await step("a contract catches a program's error", async () => {
  const [total, refusal] = await ask("tryAdd", [program, 101n]);
  assert.deepEqual([total, decodeError(refusal)], [0n, ["TooMuch", 101n, 100n]]);
  assert.deepEqual(await act("tryAdd", [program, 101n], added), []);
});

await step("a contract may look at a program, but not change it so", async () => {
  const [seen, word] = await ask("look", [program, encodeFunctionData({ abi, functionName: "number" })]);
  assert.deepEqual([seen, BigInt(word)], [true, 5n]);
  const [changed] = await ask("look", [program, add(1n)]);
  assert.equal(changed, false);
});

await step("a program works on the storage of the contract that delegates to it", async () => {
  const logs = await act("delegate", [program, add(7n)], added);
  assert.deepEqual(told(logs), [[bridge, { by: account.address, amount: 7n, total: 7n }]]);
  assert.deepEqual([await number(bridge), await number(program)], [7n, 5n]);
});

// Stylus calls Solidity.

/** Lets the router make a call in a transaction, which has to succeed. */
async function send(kind, to, data) {
  const receipt = await succeeded(await wallet.sendTransaction({ to: router, data: route(kind, to, data) }));
  return parseEventLogs({ ...added, logs: receipt.logs });
}

/** What the router would answer. */
async function look(kind, to, data) {
  const { data: answer } = await viewer.call({ to: router, data: route(kind, to, data), account });
  return routed(answer);
}

await step("a program adds through a contract, which sees the program as its caller", async () => {
  const logs = await send(CALL, counter, add(3n));
  assert.deepEqual(told(logs), [[counter, { by: router, amount: 3n, total: 43n }]]);
  assert.equal(await number(counter), 43n);
});

await step("a program catches a contract's error", async () => {
  const [status, data] = await look(CALL, counter, add(1000n));
  assert.deepEqual([status, decodeError(data)], [2, ["TooMuch", 1000n, 100n]]);
  assert.deepEqual(await send(CALL, counter, add(1000n)), []);
});

await step("a program may look at a contract, but not change it so", async () => {
  const [status, data] = await look(STATIC, counter, encodeFunctionData({ abi, functionName: "number" }));
  assert.deepEqual([status, decodeFunctionResult({ abi, functionName: "number", data })], [0, 43n]);
  assert.deepEqual(await look(STATIC, counter, add(1n)), [2, "0x"]);
});

await step("a contract works on the storage of the program that delegates to it", async () => {
  const logs = await send(DELEGATE, counter, add(9n));
  assert.deepEqual(told(logs), [[router, { by: account.address, amount: 9n, total: 9n }]]);
  assert.equal(await viewer.getStorageAt({ address: router, slot: "0x0" }), numberToHex(9, { size: 32 }));
  assert.equal(await number(counter), 43n);
});

await step("a program creates a contract", async () => {
  const code = encodeDeployData({ ...artifact("Counter"), args: [11n] });
  const data = concat([zeroHash, padHex("0x5a", { size: 32 }), "0x01", code]);
  const { data: answer } = await viewer.call({ to: creator, data, account });
  await succeeded(await wallet.sendTransaction({ to: creator, data }));
  assert.equal(await number(slice(answer, 0, 20)), 11n);
});

await step("contract, program, contract, program: one transaction through all of them", async () => {
  const inner = encodeFunctionData({ abi: bridgeAbi, functionName: "add", args: [program, 6n] });
  const logs = await act("call", [router, route(CALL, bridge, inner)], added);
  assert.deepEqual(told(logs), [[program, { by: bridge, amount: 6n, total: 11n }]]);
});

// The market.

await step("the exported interfaces are Solidity, and say what Market.sol says", async () => {
  const exported = contracts(files(fileURLToPath(new URL("../../abi", import.meta.url)), ".sol"));
  const types = (list = []) => list.map(({ type, indexed, components }) => [type, indexed, types(components)]);
  const shape = ({ type, name, stateMutability, inputs, outputs }) =>
    JSON.stringify([type, name, stateMutability, types(inputs), types(outputs)]);
  const whole = exported.IWorkerDispatcher.abi.map(shape);
  assert.deepEqual(market.abi.map(shape).filter((entry) => !whole.includes(entry)), []);
});

await step("a contract reads a market", async () => {
  const view = (functionName) => viewer.readContract({ ...market, functionName });
  const [workers, tick, agreement] = await ask("survey", [market.address]);
  assert.deepEqual([workers, agreement], [0, await view("agreement")]);
  assert.notEqual(agreement, zeroAddress);
  assert((await view("tick")) >= tick && tick > 0n);
});

/** Ticks that are bought, and wei per tick. */
const [LENGTH, PRICE] = [100n, 1000n];

/** The event that a purchase by the bridge leaves at the market, and its own. */
async function purchase(eventName, value) {
  const events = { abi: [...market.abi, ...artifact("Bridge").abi] };
  const logs = await act("buy", [market.address, 1n, LENGTH], events, value);
  return [logs.find((log) => log.eventName === eventName)?.args, logs.find((log) => log.eventName === "Bought").args];
}

await step("a contract whose order is refused has its ether back", async () => {
  const value = parseEther("1");
  const [refused, bought] = await purchase("PurchaseRefused", value);
  assert.deepEqual([refused.client, refused.sent], [bridge, value]);
  assert.deepEqual(bought, { agreement: zeroAddress, back: value });
});

await step("a contract buys work, and the excess comes back to it", async () => {
  const worker = await richAccount();
  const key = padHex("0x01", { size: 32 });
  const registration = {
    ...market,
    functionName: "registerWorker",
    args: [PRICE, 1000, stringToHex("", { size: 8 }), 9500, key, 1, 0],
    value: parseEther("1"),
  };
  const registered = await succeeded(await worker.writeContract(registration));
  const [{ args }] = parseEventLogs({ abi: market.abi, logs: registered.logs, eventName: "WorkerRegistered" });
  assert.deepEqual([args.worker, args.number, args.key, args.stake], [worker.account.address, 1, key, parseEther("1")]);
  await assert.rejects(viewer.simulateContract({ ...registration, account: worker.account }), (error) => {
    const { errorName, args } = error.cause.data;
    assert.deepEqual([errorName, ...args], ["AlreadyRegistered", worker.account.address]);
    return true;
  });

  const quote = await ask("quote", [market.address, 1n, LENGTH]);
  assert.deepEqual([quote.reason, quote.price, quote.workers], [0, PRICE * LENGTH, [worker.account.address]]);
  const [event, bought] = await purchase("ContractBought", quote.price + 77n);
  assert.deepEqual([event.client, event.escrow, event.workers], [bridge, quote.price, quote.workers]);
  assert.deepEqual(bought, { agreement: event.agreement, back: 77n });
  const agreement = { abi: artifact("Agreement").abi, address: bought.agreement };
  assert.equal(await viewer.readContract({ ...agreement, functionName: "client" }), bridge);
  assert.deepEqual(await viewer.readContract({ ...agreement, functionName: "workers" }), quote.workers);
  assert.equal(await viewer.getBalance({ address: bought.agreement }), quote.price);
});
