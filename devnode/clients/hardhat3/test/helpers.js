// One test per helper. Hardhat 3 has no `reset`.
import { network } from "hardhat";
import steps from "../../hardhat/helper-steps.js";

const { networkHelpers, provider } = await network.create();
const { reset, ...others } = steps(networkHelpers, provider);

describe("helpers", () => {
  for (const [name, step] of Object.entries(others)) it(name, step);
});
