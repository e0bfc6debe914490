#!/usr/bin/env node
// solc from npm with the part of the interface of the native solc that forge uses.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const solc = createRequire(import.meta.url)("solc");

if (process.argv.includes("--version")) {
  console.log(`solc, the solidity compiler commandline interface\nVersion: ${solc.version()}`);
} else if (process.argv.includes("--standard-json")) {
  process.stdout.write(solc.compile(readFileSync(0, "utf8")));
} else {
  throw new Error(`solc.mjs cannot ${process.argv.slice(2).join(" ")}`);
}
