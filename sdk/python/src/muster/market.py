"""The local API of a client daemon, called synchronously."""

from typing import Self, Unpack

from . import calls
from .jobs import Jobs
from .local_types import AccountInfo, AgreementInfo, CancelInfo, OrderBody, PurchaseInfo, QuoteInfo, SettlementInfo, WithdrawalInfo
from .settings import local_api
from .transport import Transport


class Market(Jobs):
    """A market, by the client daemon of an account (`muster client run --api`) and a token (`muster client token add`).

    `url` and `token` come from `MUSTER_API` and `MUSTER_TOKEN` if they are left out. `timeout` is for one attempt, in seconds. A
    request that finds no daemon, or a transaction that is not confirmed, is repeated for `retry_for` seconds, under one
    idempotency key: it is made once. Give `key` to repeat it in another process too.
    """

    def __init__(self, url: str | None = None, token: str | None = None, *, timeout: float = 60, retry_for: float = 60) -> None:
        self._transport = Transport(local_api(url, token, timeout, retry_for))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Closes the connections."""
        self._transport.close()

    def account(self) -> AccountInfo:
        """The account, its balance and credit; the token, and what is left of its limit."""
        return self._send(calls.local_account())

    def quote(self, **order: Unpack[OrderBody]) -> QuoteInfo:
        """The price of an order, and the workers that it would buy."""
        return self._send(calls.quote(order))

    def buy(self, *, at_most: str | None = None, key: str | None = None, **order: Unpack[OrderBody]) -> PurchaseInfo:
        """Buys, for `at_most` at the highest; without it, for the price of this moment."""
        return self._send(calls.buy(order, at_most, key))

    def agreements(self, *, all: bool = False) -> list[AgreementInfo]:
        """The account's agreements in which something is left to do, or all of them."""
        found = self._send(calls.local_agreements(all))
        return found["agreements"]

    def agreement(self, agreement: str) -> AgreementInfo:
        """One of the account's agreements."""
        return self._send(calls.local_agreement(agreement))

    def cancel(self, agreement: str, *, key: str | None = None) -> CancelInfo:
        """Ends an agreement early."""
        return self._send(calls.cancel(agreement, key))

    def settle(self, agreement: str, *, key: str | None = None) -> SettlementInfo:
        """Settles an agreement after its end. The daemon does so too."""
        return self._send(calls.settle(agreement, key))

    def withdraw(self, *, key: str | None = None) -> WithdrawalInfo:
        """Withdraws the account's credit, to where the operator said."""
        return self._send(calls.withdraw(key))
