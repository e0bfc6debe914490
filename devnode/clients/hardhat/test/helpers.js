// One test per helper.
const { network } = require("hardhat");
const helpers = require("@nomicfoundation/hardhat-network-helpers");
const steps = require("../helper-steps.js");

describe("helpers", () => {
  for (const [name, step] of Object.entries(steps(helpers, network.provider))) it(name, step);
});
