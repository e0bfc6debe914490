// Writes the init code of both contracts to out/NAME.bin, and prints the length of their code.

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import solc from "solc";

const here = fileURLToPath(new URL(".", import.meta.url));
const root = join(here, "../..");
const read = (path) => ({ contents: readFileSync(join(root, path), "utf8") });

// Optimise for calls as far as the code fits into 24 576 bytes; the compiler warns if it does not.
const contracts = [
  { name: "agreement", file: "WorkAgreement", runs: 1_000_000 },
  { name: "dispatcher", file: "WorkerDispatcher", runs: 5_000 },
];
// Warnings 2519 (a parameter shadows a function) and 3628 (a payable fallback without `receive`) are intended.
const harmless = ["2519", "3628"];

/** Init code and runtime code of a contract. */
function compile(file, runs) {
  const path = `bench/solidity/${file}.sol`;
  const settings = {
    evmVersion: "osaka",
    viaIR: true,
    optimizer: { enabled: true, runs },
    metadata: { appendCBOR: false, bytecodeHash: "none" },
    outputSelection: { [path]: { [file]: ["evm.bytecode.object", "evm.deployedBytecode.object"] } },
  };
  const input = { language: "Solidity", sources: { [path]: { content: read(path).contents } }, settings };
  const output = JSON.parse(solc.compile(JSON.stringify(input), { import: read }));
  const messages = (output.errors ?? []).filter(({ errorCode }) => !harmless.includes(errorCode));
  if (messages.length > 0) throw new Error(messages.map(({ formattedMessage }) => formattedMessage).join("\n"));
  const { bytecode, deployedBytecode } = output.contracts[path][file].evm;
  return [bytecode, deployedBytecode].map(({ object }) => Buffer.from(object, "hex"));
}

mkdirSync(join(here, "out"), { recursive: true });
for (const { name, file, runs } of contracts) {
  const [init, code] = compile(file, runs);
  writeFileSync(join(here, "out", `${name}.bin`), init);
  console.log(`${name}: ${code.length} bytes`);
}
