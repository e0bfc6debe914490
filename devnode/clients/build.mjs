// Compiles everything that the clients deploy to build/NAME.json.

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { contracts, files, programs } from "./compile.mjs";

const here = fileURLToPath(new URL(".", import.meta.url));
const [own, tests] = [join(here, "contracts"), join(here, "../tests/programs")];
const artifacts = {
  ...contracts(files(own, ".sol")),
  ...programs([...files(own, ".wat"), ...files(tests, ".wat")]),
};

mkdirSync(join(here, "build"), { recursive: true });
for (const [name, artifact] of Object.entries(artifacts)) {
  writeFileSync(join(here, "build", `${name}.json`), JSON.stringify(artifact));
}
