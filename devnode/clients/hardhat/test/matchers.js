// Every matcher of hardhat-chai-matchers, once with what holds and once with what does not.
const { expect } = require("chai");
const { ethers } = require("hardhat");
const { anyValue } = require("@nomicfoundation/hardhat-chai-matchers/withArgs");
const { PANIC_CODES } = require("@nomicfoundation/hardhat-chai-matchers/panic");
const { loadFixture } = require("@nomicfoundation/hardhat-network-helpers");

async function deploy() {
  const [owner, other, third] = await ethers.getSigners();
  const till = await ethers.deployContract("Till", [1000n]);
  await till.pay({ value: 50n });
  return { till, owner, other, third };
}

/** That an expectation fails, and says why. */
async function fails(expectation, why) {
  let error;
  try {
    await expectation();
  } catch (caught) {
    error = caught;
  }
  expect(error, "an expectation that must fail holds").to.not.equal(undefined);
  expect(error.message).to.match(why);
}

describe("matchers", () => {
  let till, owner, other, third;
  beforeEach(async () => {
    ({ till, owner, other, third } = await loadFixture(deploy));
  });

  it("emit and withArgs", async () => {
    await expect(till.pay({ value: 5n })).to.emit(till, "Paid").withArgs(owner.address, 5n);
    await expect(till.pay({ value: 5n })).to.emit(till, "Paid").withArgs(anyValue, (wei) => wei === 5n);
    await expect(till.transfer(other.address, 1n)).to.not.emit(till, "Paid");
    await fails(() => expect(till.pay({ value: 5n })).to.emit(till, "Paid").withArgs(owner.address, 6n), /5.*6/);
  });
  it("reverted", async () => {
    await expect(till.refuse()).to.be.reverted;
    await expect(till.pay({ value: 5n })).to.not.be.reverted;
    await fails(() => expect(till.pay({ value: 5n })).to.be.reverted, /Expected transaction to be reverted/);
    // One that is sent in spite of it.
    await expect(till.pay({ value: 101n, gasLimit: 200_000n })).to.be.reverted;
  });
  it("revertedWith", async () => {
    await expect(till.transfer(other.address, 2000n)).to.be.revertedWith("not enough tokens");
    await fails(() => expect(till.transfer(other.address, 2000n)).to.be.revertedWith("other"), /not enough tokens/);
  });
  it("revertedWithCustomError", async () => {
    const pay = () => till.pay({ value: 101n });
    await expect(pay()).to.be.revertedWithCustomError(till, "TooMuch").withArgs(101n, 100n);
    await fails(() => expect(pay()).to.be.revertedWithCustomError(till, "TooMuch").withArgs(101n, 99n), /100.*99/);
  });
  it("revertedWithPanic", async () => {
    await expect(till.divide(0n)).to.be.revertedWithPanic(PANIC_CODES.DIVISION_BY_ZERO);
    await fails(() => expect(till.divide(0n)).to.be.revertedWithPanic(0x11), /0x12/);
  });
  it("revertedWithoutReason", async () => {
    await expect(till.refuse()).to.be.revertedWithoutReason();
    await fails(() => expect(till.transfer(other.address, 2000n)).to.be.revertedWithoutReason(), /not enough tokens/);
  });
  it("changeEtherBalance", async () => {
    await expect(till.pay({ value: 7n })).to.changeEtherBalance(till, 7n);
    await expect(till.pay({ value: 7n })).to.changeEtherBalance(owner, -7n);
    await fails(() => expect(till.pay({ value: 7n })).to.changeEtherBalance(till, 8n), /8.*7/);
  });
  it("changeEtherBalances", async () => {
    const pay = () => till.payOut(other.address, third.address, 20n);
    await expect(pay()).to.changeEtherBalances([till, other, third], [-30n, 20n, 10n]);
  });
  it("changeTokenBalance", async () => {
    await expect(till.transfer(other.address, 9n)).to.changeTokenBalance(till, other, 9n);
    await fails(() => expect(till.transfer(other.address, 9n)).to.changeTokenBalance(till, other, 8n), /8.*9/);
  });
  it("changeTokenBalances", async () => {
    await expect(till.transfer(other.address, 9n)).to.changeTokenBalances(till, [owner, other], [-9n, 9n]);
  });
  it("properAddress, properHex, properPrivateKey and hexEqual", async () => {
    expect(await till.getAddress()).to.be.properAddress;
    expect(await ethers.provider.send("eth_getBlockByNumber", ["latest", false])).property("hash").to.be.properHex(64);
    expect(ethers.Wallet.createRandom().privateKey).to.be.properPrivateKey;
    expect(await ethers.provider.send("eth_chainId", [])).to.hexEqual("0x00064aba");
  });
  it("numbers", async () => {
    expect(await till.paid()).to.equal(50).and.to.be.lessThan(51n);
  });
});
