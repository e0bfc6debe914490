// Every helper of hardhat-network-helpers, with its effect checked on the chain.
const assert = require("node:assert/strict");

const ACCOUNT = "0x00000000000000000000000000000000000000aa";

/** The steps by name, with the helpers and the provider of a version of Hardhat. */
module.exports = (helpers, provider) => {
  const { time } = helpers;
  const rpc = (method, ...params) => provider.request({ method, params });
  const balance = async () => BigInt(await rpc("eth_getBalance", ACCOUNT, "latest"));
  const latestBlock = () => rpc("eth_getBlockByNumber", "latest", false);

  let fixtures = 0;
  async function fixture() {
    fixtures += 1;
    await helpers.setBalance(ACCOUNT, 77n);
  }

  return {
    async mine() {
      const before = await time.latestBlock();
      await helpers.mine(3, { interval: 10 });
      assert.equal(await time.latestBlock(), before + 3);
    },
    async mineUpTo() {
      const target = (await time.latestBlock()) + 5;
      await helpers.mineUpTo(target);
      assert.equal(await time.latestBlock(), target);
    },
    async setBalance() {
      await helpers.setBalance(ACCOUNT, 10n ** 18n);
      assert.equal(await balance(), 10n ** 18n);
    },
    async setCode() {
      await helpers.setCode(ACCOUNT, "0x6001");
      assert.equal(await rpc("eth_getCode", ACCOUNT, "latest"), "0x6001");
    },
    async setNonce() {
      await helpers.setNonce(ACCOUNT, 7);
      assert.equal(await rpc("eth_getTransactionCount", ACCOUNT, "latest"), "0x7");
    },
    async "setStorageAt and getStorageAt"() {
      await helpers.setStorageAt(ACCOUNT, 1, 5);
      assert.equal(BigInt(await helpers.getStorageAt(ACCOUNT, 1)), 5n);
    },
    async "impersonateAccount and stopImpersonatingAccount"() {
      const send = () => rpc("eth_sendTransaction", { from: ACCOUNT, to: ACCOUNT, gas: "0x5208" });
      await helpers.impersonateAccount(ACCOUNT);
      await send();
      await helpers.stopImpersonatingAccount(ACCOUNT);
      await assert.rejects(send);
    },
    async takeSnapshot() {
      const [before, snapshot] = [await balance(), await helpers.takeSnapshot()];
      for (const wei of [1n, 2n]) {
        await helpers.setBalance(ACCOUNT, wei);
        await snapshot.restore();
        assert.equal(await balance(), before);
      }
    },
    async loadFixture() {
      await helpers.loadFixture(fixture);
      await helpers.setBalance(ACCOUNT, 78n);
      await helpers.loadFixture(fixture);
      assert.equal(await balance(), 77n);
      assert.equal(fixtures, 1);
    },
    async setNextBlockBaseFeePerGas() {
      await helpers.setNextBlockBaseFeePerGas(200_000_000n);
      await helpers.mine();
      assert.equal(BigInt((await latestBlock()).baseFeePerGas), 200_000_000n);
    },
    async setBlockGasLimit() {
      await helpers.setBlockGasLimit(30_000_000n);
      await helpers.mine();
      assert.equal(BigInt((await latestBlock()).gasLimit), 30_000_000n);
    },
    async setCoinbase() {
      await helpers.setCoinbase(ACCOUNT);
      await helpers.mine();
      assert.equal((await latestBlock()).miner, ACCOUNT);
    },
    async setPrevRandao() {
      // PREVRANDAO, in the init code of a call.
      const randomness = () => rpc("eth_call", { data: "0x445f5260205ff3" }, "latest");
      await helpers.setPrevRandao(1234n);
      assert.equal(BigInt(await randomness()), 1234n);
    },
    async dropTransaction() {
      const [sender] = await rpc("eth_accounts");
      await rpc("evm_setAutomine", false);
      const hash = await rpc("eth_sendTransaction", { from: sender, to: sender, gas: "0x5208" });
      assert.equal(await helpers.dropTransaction(hash), true);
      assert.equal(await helpers.dropTransaction(hash), false);
      await rpc("evm_setAutomine", true);
    },
    async "time.increase"() {
      const before = await time.latest();
      await time.increase(3600);
      assert.ok((await time.latest()) >= before + 3600);
    },
    async "time.increaseTo"() {
      const target = (await time.latest()) + 5000;
      await time.increaseTo(target);
      assert.equal(await time.latest(), target);
    },
    async "time.setNextBlockTimestamp"() {
      const target = (await time.latest()) + 100;
      await time.setNextBlockTimestamp(target);
      await helpers.mine();
      assert.equal(await time.latest(), target);
    },
    async reset() {
      await helpers.reset();
      assert.equal(await balance(), 0n);
    },
  };
};
