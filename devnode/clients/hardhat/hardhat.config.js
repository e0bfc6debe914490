// The dev chain that scripts/interop-hardhat started.
module.exports = {
  solidity: "0.8.24",
  defaultNetwork: "devnode",
  networks: { devnode: { url: process.env.RPC, accounts: "remote" } },
};
