#!/usr/bin/env bash
# esbuild: bundles and minifies TypeScript; a Go program: polls, yields, reads clocks and random. Standard error tells a time and is not compared.
# compute/recorded/esbuild.sh FOLDER fetches @esbuild/wasi-preview1@0.27.2 (npm) and leaves FOLDER/module.wasm, FOLDER/files/ (what the job sees), FOLDER/stdin and FOLDER/job.json.
set -euo pipefail
mkdir -p "${1:?folder}" && cd "$1" && mkdir -p files pkg
(cd pkg && npm pack --silent '@esbuild/wasi-preview1@0.27.2' >/dev/null && mkdir -p x && tar xzf ./*.tgz -C x)
cp 'pkg/x/package/esbuild.wasm' module.wasm
echo 'ed4ef442d8db48e201bf5f55b8cd6a8fb65d21bcfa2705cc5a7381ceed33f008  module.wasm' | sha256sum -c --quiet
cat >'files/main.ts' <<'END'
import { Mode, sum, type Pair } from "./util";
class Job<T> { #done = false; constructor(public readonly id: number, private body: () => T) {} async run(): Promise<Pair<number, T>> { const b = await Promise.resolve(this.body()); this.#done = true; return { a: this.id, b }; } get done() { return this.#done ?? false; } }
const jobs = [...Array(10).keys()].map((i) => new Job(i, () => sum([i, i ** 2, i ** 3]) * Mode.Exact));
for await (const r of jobs.map((j) => j.run())) console.log(`job ${r.a}: ${r.b}`);
END
cat >'files/util.ts' <<'END'
export type Pair<A, B> = { a: A; b: B };
export enum Mode { Fast = 1, Exact = 2 }
export const sum = (xs: number[]): number => xs.reduce((p, c) => p + c, 0);
export function unused(x: unknown) { return JSON.stringify(x); }
END
: >stdin
rm -rf pkg
cat >job.json <<'END'
{
 "program": "esbuild",
 "module": "module.wasm",
 "arg0": "esbuild",
 "args": [
  "/main.ts",
  "--bundle",
  "--minify",
  "--format=esm",
  "--target=es2020,node14",
  "--supported:top-level-await=true",
  "--outfile=/out.js",
  "--sourcemap",
  "--metafile=/meta.json"
 ],
 "env": {
  "PWD": "/"
 },
 "stdin": "stdin",
 "files": "files",
 "preopen": {
  "/": "."
 },
 "expect": {
  "exit": 0,
  "files": {
   "out.js": "7769e314abe8b4be70122bcc5dcbe6ce1ca620960210359809201caf55f78a57",
   "out.js.map": "166692fe15d6a419ec1e13414ba5621678047f90fc7f2ac5409064a104daf8f1",
   "meta.json": "1e96368e66956fea9070bf53e8ccaad35a5868955bfe9eafbbef5fecab8ceb3f"
  }
 }
}
END
