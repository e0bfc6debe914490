// Compiles everything that the clients deploy into build/NAME.json, as {abi, bytecode}: the contracts with solc,
// the Stylus programs with wabt.

import { mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { basename, dirname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync } from "node:zlib";
import solc from "solc";
import wabt from "wabt";

const here = dirname(fileURLToPath(import.meta.url));
const folders = { contracts: join(here, "contracts"), programs: join(here, "../tests/programs") };
const sources = (folder, ending) => readdirSync(folder).filter((name) => name.endsWith(ending)).map((name) => join(folder, name));

/** Contracts and interfaces of all Solidity files, and of the files that these import. */
function contracts() {
  const read = (path) => readFileSync(path, "utf8");
  const files = sources(folders.contracts, ".sol");
  const input = {
    language: "Solidity",
    sources: Object.fromEntries(files.map((path) => [path, { content: read(path) }])),
    settings: { optimizer: { enabled: true }, outputSelection: { "*": { "*": ["abi", "evm.bytecode.object"] } } },
  };
  const find = (path) => ({ contents: read(normalize(path)) });
  const output = JSON.parse(solc.compile(JSON.stringify(input), { import: find }));
  for (const { formattedMessage } of output.errors ?? []) console.error(formattedMessage);
  if (output.errors?.some(({ severity }) => severity === "error")) process.exit(1);
  return Object.values(output.contracts).flatMap((file) =>
    Object.entries(file).map(([name, { abi, evm }]) => [name, { abi, bytecode: `0x${evm.bytecode.object}` }]),
  );
}

/** All Stylus programs, with init code that puts prefix and compressed module on the chain. */
async function programs() {
  const { parseWat } = await wabt();
  const files = [...sources(folders.contracts, ".wat"), ...sources(folders.programs, ".wat")];
  return files.map((path) => {
    const module = parseWat(path, readFileSync(path, "utf8"));
    const compressed = brotliCompressSync(module.toBinary({}).buffer);
    const code = Buffer.concat([Buffer.from("eff00000", "hex"), compressed]);
    return [basename(path, ".wat"), { abi: [], bytecode: `0x${initCode(code).toString("hex")}` }];
  });
}

/** Init code that returns what follows it: PUSH4 length, DUP1, PUSH1 14, PUSH0, CODECOPY, PUSH0, RETURN. */
function initCode(code) {
  const head = Buffer.from("63000000008060" + "0d" + "5f395ff3", "hex");
  head.writeUInt32BE(code.length, 1);
  return Buffer.concat([head, code]);
}

mkdirSync(join(here, "build"), { recursive: true });
for (const [name, artifact] of [...contracts(), ...(await programs())]) {
  writeFileSync(join(here, "build", `${name}.json`), JSON.stringify(artifact));
}
