"""The read API of an index, called synchronously."""

from collections.abc import Callable, Iterator
from typing import Any, Self, TypeVar, Unpack

from . import calls
from .answers import Answer, Page, Update, update
from .index_types import (
    AccountSummary, Agreement, AgreementSummary, AgreementsQuery, ApplicationsQuery, ApplicationSummary, BookLevel, DayPrices, Event, EventsQuery,
    EvidenceQuery, MarketStatus, PricesQuery, PublishedEvidence, StatementEntry, StatementQuery, Tester, TestersQuery, Worker, WorkerHistory,
    WorkersQuery,
)
from .requests import Request
from .settings import index
from .transport import Transport

T = TypeVar("T")


class Index:
    """What a market is and was, by an index (`muster index --listen`). It needs no token.

    `url` comes from `MUSTER_INDEX` if it is left out. `market` is a market's address; without it, the first one of the index is
    meant. Filters of each list are named in its `…Query` type; those named as words of Python end with `_`: `from_`.
    """

    def __init__(self, url: str | None = None, *, market: str | None = None, timeout: float = 30, retry_for: float = 60) -> None:
        self._transport = Transport(index(url, timeout, retry_for))
        self._market = market

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Closes the connections."""
        self._transport.close()

    def _send(self, request: Request[T]) -> T:
        return self._transport.send(request)

    def each(self, method: Callable[..., Answer[Page[T]]], *arguments: Any, **query: Any) -> Iterator[T]:
        """Every item of a list, page by page: `index.each(index.workers, free=True)`."""
        while True:
            answer = method(*arguments, **query)
            for item in answer["data"]["items"]:
                yield item
            query["after"] = answer["data"].get("next")
            if query["after"] is None:
                return

    def markets(self) -> list[MarketStatus]:
        """The markets of the index."""
        return self._send(calls.markets())

    def applications(self, **query: Unpack[ApplicationsQuery]) -> Answer[Page[ApplicationSummary]]:
        """What workers have registered for."""
        return self._send(calls.applications(self._market, query))

    def book(self, application: str) -> Answer[list[BookLevel]]:
        """Who sells an application at which price."""
        return self._send(calls.book(self._market, application))

    def prices(self, application: str, **query: Unpack[PricesQuery]) -> Answer[list[DayPrices]]:
        """The prices really paid for an application, by day."""
        return self._send(calls.prices(self._market, application, query))

    def workers(self, **query: Unpack[WorkersQuery]) -> Answer[Page[Worker]]:
        """Workers and testers."""
        return self._send(calls.workers(self._market, query))

    def worker(self, account: str) -> Answer[Worker]:
        """A worker with its price, score and capacity."""
        return self._send(calls.worker(self._market, account))

    def worker_history(self, account: str) -> Answer[WorkerHistory]:
        """A worker's prices, scores and income over time."""
        return self._send(calls.worker_history(self._market, account))

    def agreements(self, **query: Unpack[AgreementsQuery]) -> Answer[Page[AgreementSummary]]:
        """Agreements, the latest first."""
        return self._send(calls.agreements(self._market, query))

    def agreement(self, agreement: str) -> Answer[Agreement]:
        """An agreement with each window's shares, who gets what of whom, and what can be called now by whom."""
        return self._send(calls.agreement(self._market, agreement))

    def testers(self, **query: Unpack[TestersQuery]) -> Answer[Page[Tester]]:
        """Testers."""
        return self._send(calls.testers(self._market, query))

    def tester(self, account: str) -> Answer[Tester]:
        """A tester with its bond, lists, reports and fees."""
        return self._send(calls.tester(self._market, account))

    def account(self, account: str) -> Answer[AccountSummary]:
        """An account's credit, income and costs."""
        return self._send(calls.account(self._market, account))

    def statement(self, account: str, **query: Unpack[StatementQuery]) -> Answer[Page[StatementEntry]]:
        """Every amount that an account got or paid."""
        return self._send(calls.statement(self._market, account, query))

    def statement_csv(self, account: str, **query: Unpack[StatementQuery]) -> str:
        """The same as CSV."""
        return self._send(calls.statement_csv(self._market, account, query))

    def event_page(self, **query: Unpack[EventsQuery]) -> Answer[Page[Event]]:
        """Events that were."""
        return self._send(calls.event_page(self._market, query))

    def events(self, *, subject: str | None = None, name: str | None = None, after: str | None = None) -> Iterator[Update]:
        """Events as they come, after the place `after` or from now on, for ever. A lost connection costs none of them."""
        for message in self._transport.stream(calls.events(self._market, subject, name, after)):
            if (found := update(message)) is not None:
                yield found

    def evidence(self, **query: Unpack[EvidenceQuery]) -> list[PublishedEvidence]:
        """Evidence about jobs that the operator of the index publishes."""
        return self._send(calls.evidence(query))

    def evidence_document(self, id: str) -> dict[str, object]:
        """A document of evidence, as `muster job verify` takes it."""
        return self._send(calls.evidence_document(id))
