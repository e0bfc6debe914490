// Compiles contracts with solc and Stylus programs with wabt. Both return {abi, bytecode}, ready for deployment.

import { readFileSync, readdirSync } from "node:fs";
import { basename, join, normalize } from "node:path";
import { brotliCompressSync } from "node:zlib";
import solc from "solc";
import wabt from "wabt";

const { parseWat } = await wabt();

/** The paths of a folder's files of one kind. */
export function files(folder, ending) {
  const names = readdirSync(folder).filter((name) => name.endsWith(ending));
  return names.map((name) => join(folder, name));
}

/** All contracts and interfaces of these Solidity files and of those that they import, by name. */
export function contracts(paths) {
  const read = (path) => readFileSync(path, "utf8");
  const input = {
    language: "Solidity",
    sources: Object.fromEntries(paths.map((path) => [path, { content: read(path) }])),
    settings: { optimizer: { enabled: true }, outputSelection: { "*": { "*": ["abi", "evm.bytecode.object"] } } },
  };
  const find = (path) => ({ contents: read(normalize(path)) });
  const output = JSON.parse(solc.compile(JSON.stringify(input), { import: find }));
  const messages = (output.errors ?? []).map(({ formattedMessage }) => formattedMessage);
  if (messages.length > 0) throw new Error(messages.join("\n"));
  const all = Object.values(output.contracts).flatMap((file) => Object.entries(file));
  return Object.fromEntries(all.map(([name, { abi, evm }]) => [name, { abi, bytecode: `0x${evm.bytecode.object}` }]));
}

/** These Stylus programs, by name. */
export function programs(paths) {
  const compiled = paths.map((path) => {
    const module = parseWat(path, readFileSync(path, "utf8")).toBinary({}).buffer;
    const code = Buffer.concat([Buffer.from("eff00000", "hex"), brotliCompressSync(module)]);
    return [basename(path, ".wat"), { abi: [], bytecode: `0x${initCode(code).toString("hex")}` }];
  });
  return Object.fromEntries(compiled);
}

/** Init code that returns what follows it: PUSH4 length, DUP1, PUSH1 12, PUSH0, CODECOPY, PUSH0, RETURN. */
function initCode(code) {
  const head = Buffer.from("630000000080600c5f395ff3", "hex");
  head.writeUInt32BE(code.length, 1);
  return Buffer.concat([head, code]);
}
