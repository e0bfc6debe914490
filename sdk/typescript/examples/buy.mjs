// Buys two workers for a while, and waits until both have accepted.
import { Index, Market } from "muster-market";

const [market, index] = [new Market(), new Index()];
const order = { redundancy: 2, testers: 0 };
const { price } = await market.quote(order);
const bought = await market.buy(order, { atMost: price });
console.log(`${bought.agreement} costs ${Number(bought.escrow) / 1e18} ether and is served by ${bought.workers.join(" and ")}`);
for await (const _ of index.events({ subject: bought.agreement })) {
  if ((await market.agreement(bought.agreement)).state === "running") break;
}
console.log("it runs; cancelled in", (await market.cancel(bought.agreement)).transaction.hash);
