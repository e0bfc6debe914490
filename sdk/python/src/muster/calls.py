"""The requests of the two APIs, as values with the type of their response."""

from .answers import Answer, Page
from .index_types import (
    AccountSummary, Agreement, AgreementSummary, AgreementsQuery, ApplicationsQuery, ApplicationSummary, BookLevel, DayPrices, Event, EventsQuery,
    EvidenceQuery, MarketStatus, PricesQuery, PublishedEvidence, StatementEntry, StatementQuery, Tester, TestersQuery, Worker, WorkerHistory,
    WorkersQuery,
)
from .local_types import (
    AccountInfo, AgreementInfo, AgreementList, BlobInfo, CancelInfo, MapBody, MapInfo, OrderBody, PurchaseBody, PurchaseInfo, QuoteInfo, RunBody, RunInfo,
    RunList, SettlementInfo, WithdrawalInfo,
)
from .requests import Request, get, path, post

# The local API.


def local_account() -> Request[AccountInfo]:
    return get("/v1/account")


def quote(order: OrderBody) -> Request[QuoteInfo]:
    return post("/v1/quotes", order)


def buy(order: OrderBody, at_most: str | None, key: str | None) -> Request[PurchaseInfo]:
    body: PurchaseBody = {"order": order}
    if at_most is not None:
        body["at_most"] = at_most
    return post("/v1/purchases", body, key)


def local_agreements(all: bool) -> Request[AgreementList]:
    return get("/v1/agreements", {"all": all})


def local_agreement(agreement: str) -> Request[AgreementInfo]:
    return get(path("/v1/agreements/{}", agreement))


def cancel(agreement: str, key: str | None) -> Request[CancelInfo]:
    return post(path("/v1/agreements/{}/cancel", agreement), {}, key)


def settle(agreement: str, key: str | None) -> Request[SettlementInfo]:
    return post(path("/v1/agreements/{}/settle", agreement), {}, key)


def withdraw(key: str | None) -> Request[WithdrawalInfo]:
    return post("/v1/withdrawals", {}, key)


def upload(content: bytes) -> Request[BlobInfo]:
    # The same bytes are the same blob, so no key is needed.
    return Request("POST", "/v1/blobs", {}, {"Content-Type": "application/octet-stream"}, content=content)


def download(digest: str) -> Request[bytes]:
    return get(path("/v1/blobs/{}", digest), kind="bytes")


def start_run(body: RunBody, key: str | None) -> Request[RunInfo]:
    return post("/v1/runs", body, key)


def start_map(body: MapBody, key: str | None) -> Request[MapInfo]:
    return post("/v1/maps", body, key)


def runs(limit: int | None) -> Request[RunList]:
    return get("/v1/runs", {"limit": limit})


def run_info(id: str) -> Request[RunInfo]:
    return get(path("/v1/runs/{}", id))


def cancel_run(id: str, key: str | None) -> Request[RunInfo]:
    return post(path("/v1/runs/{}/cancel", id), {}, key)


def run_events(id: str) -> Request[str]:
    return get(path("/v1/runs/{}/events", id))


# The index. `market` is the market's address, or nothing for the first one of the index.


def markets() -> Request[list[MarketStatus]]:
    return get("/v1/markets")


def applications(market: str | None, query: ApplicationsQuery) -> Request[Answer[Page[ApplicationSummary]]]:
    return get("/v1/applications", {"market": market, **query})


def book(market: str | None, application: str) -> Request[Answer[list[BookLevel]]]:
    return get(path("/v1/applications/{}/book", application), {"market": market})


def prices(market: str | None, application: str, query: PricesQuery) -> Request[Answer[list[DayPrices]]]:
    return get(path("/v1/applications/{}/prices", application), {"market": market, **query})


def workers(market: str | None, query: WorkersQuery) -> Request[Answer[Page[Worker]]]:
    return get("/v1/workers", {"market": market, **query})


def worker(market: str | None, account: str) -> Request[Answer[Worker]]:
    return get(path("/v1/workers/{}", account), {"market": market})


def worker_history(market: str | None, account: str) -> Request[Answer[WorkerHistory]]:
    return get(path("/v1/workers/{}/history", account), {"market": market})


def agreements(market: str | None, query: AgreementsQuery) -> Request[Answer[Page[AgreementSummary]]]:
    return get("/v1/agreements", {"market": market, **query})


def agreement(market: str | None, address: str) -> Request[Answer[Agreement]]:
    return get(path("/v1/agreements/{}", address), {"market": market})


def testers(market: str | None, query: TestersQuery) -> Request[Answer[Page[Tester]]]:
    return get("/v1/testers", {"market": market, **query})


def tester(market: str | None, account: str) -> Request[Answer[Tester]]:
    return get(path("/v1/testers/{}", account), {"market": market})


def account(market: str | None, address: str) -> Request[Answer[AccountSummary]]:
    return get(path("/v1/accounts/{}", address), {"market": market})


def statement(market: str | None, address: str, query: StatementQuery) -> Request[Answer[Page[StatementEntry]]]:
    return get(path("/v1/accounts/{}/statement", address), {"market": market, **query})


def statement_csv(market: str | None, address: str, query: StatementQuery) -> Request[str]:
    return get(path("/v1/accounts/{}/statement.csv", address), {"market": market, **query}, kind="text")


def event_page(market: str | None, query: EventsQuery) -> Request[Answer[Page[Event]]]:
    return get("/v1/events", {"market": market, **query})


def events(market: str | None, subject: str | None, name: str | None, after: str | None) -> Request[str]:
    return get("/v1/events", {"market": market, "subject": subject, "name": name, "after": after})


def evidence(query: EvidenceQuery) -> Request[list[PublishedEvidence]]:
    return get("/v1/evidence", query)


def evidence_document(id: str) -> Request[dict[str, object]]:
    return get(path("/v1/evidence/{}", id))
