"""Buys two workers for a while, and waits until both have accepted."""

from muster import Index, Market

market, index = Market(), Index()
price = market.quote(redundancy=2, testers=0)["price"]
bought = market.buy(redundancy=2, testers=0, at_most=price)
print(f"{bought['agreement']} costs {int(bought['escrow']) / 1e18} ether and is served by {' and '.join(bought['workers'])}")
for _ in index.events(subject=bought["agreement"]):
    if market.agreement(bought["agreement"])["state"] == "running":
        break
print("it runs; cancelled in", market.cancel(bought["agreement"])["transaction"]["hash"])
