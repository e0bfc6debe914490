"""Against a running market with two workers or more. The token may read, buy and cancel."""

import asyncio
import os
import uuid

import muster
import pytest
from muster import Index, Market


def test_the_account_says_what_the_token_may(market: Market) -> None:
    account = market.account()
    assert {"read", "buy", "cancel"} <= set(account["token"]["rights"])
    assert int(account["token"]["left"]) > 0


def test_a_purchase_is_made_once_and_the_index_tells_of_it(market: Market, index: Index) -> None:
    stream = index.events()
    first = next(stream)
    assert isinstance(first, muster.Head)
    key = uuid.uuid4().hex
    quote = market.quote(redundancy=2, testers=0)
    bought = market.buy(redundancy=2, testers=0, at_most=quote["price"], key=key)
    assert len(bought["workers"]) == 2
    assert market.buy(redundancy=2, testers=0, at_most=quote["price"], key=key) == bought
    with pytest.raises(muster.ApiError, match="key_reused"):
        market.buy(redundancy=1, testers=0, key=key)

    agreement = bought["agreement"]
    for update in stream:
        if isinstance(update, muster.Happened) and agreement in update.event["arguments"].values():
            break
    # A second stream that begins at the same place has the same event.
    again = index.events(after=first.id, name=update.event["event"])
    assert next(found for found in again if isinstance(found, muster.Happened)) == update

    for _ in index.events(subject=agreement):
        if market.agreement(agreement)["state"] == "running":
            break
    assert agreement in [found["agreement"] for found in market.agreements()]
    ended = market.cancel(agreement)
    for _ in index.events(subject=agreement):
        if index.account(market.account()["account"])["block"]["number"] >= ended["transaction"]["block"]:
            break
    assert index.agreement(agreement)["data"]["escrow"] == bought["escrow"]
    accounts = [worker["account"] for worker in index.each(index.workers, limit=1)]
    assert set(bought["workers"]) <= set(accounts)
    assert index.statement_csv(market.account()["account"]).startswith("time,")


def test_refusals_are_exceptions(market: Market, index: Index) -> None:
    with pytest.raises(muster.OverLimit):
        market.buy(redundancy=2, testers=0, at_most="1000eth")
    with pytest.raises(muster.Refused):
        market.buy(redundancy=2, testers=0, at_most="1")
    with pytest.raises(muster.NotAllowed, match="no_right"):
        market.withdraw()
    with pytest.raises(muster.NotAllowed, match="no_token"):
        Market(os.environ["MUSTER_API"], "nobody's").account()
    with pytest.raises(muster.NotFound):
        market.agreement("0x" + "00" * 20)
    with pytest.raises(muster.NotFound):
        index.worker("0x" + "00" * 20)


def test_asyncio() -> None:
    async def run() -> tuple[int, str]:
        async with muster.AsyncMarket() as market, muster.AsyncIndex() as index:
            quote, markets = await asyncio.gather(market.quote(redundancy=2, testers=0), index.markets())
            async for update in index.events():
                assert isinstance(update, muster.Head)
                break
            return len(quote["workers"]), markets[0]["market"]

    workers, address = asyncio.run(run())
    assert workers == 2
    assert address == Market().account()["market"]
