import asyncio
import json
import re

import muster
import pytest

from .conftest import FakeServer


def market(server: FakeServer, retry_for: float = 60) -> muster.Market:
    return muster.Market(server.url, "secret", retry_for=retry_for)


def test_a_request_has_the_token_a_key_and_the_order(server: FakeServer) -> None:
    server.respond = lambda _, reply: reply.json(201, {"agreement": "0x01"})
    assert market(server).buy(redundancy=2, at_most="0.01eth")["agreement"] == "0x01"
    [asked] = server.requests
    assert asked.headers["authorization"] == "Bearer secret"
    assert re.fullmatch("[0-9a-f]{32}", asked.headers["idempotency-key"])
    assert json.loads(asked.body) == {"order": {"redundancy": 2}, "at_most": "0.01eth"}


def test_what_is_not_confirmed_is_repeated_under_its_key(server: FakeServer) -> None:
    server.respond = lambda asked, reply: reply.refuse(503, "unconfirmed") if asked.number < 2 else reply.json(200, {"amount": "7"})
    assert market(server).withdraw()["amount"] == "7"
    assert len(server.requests) == 3
    assert len({asked.headers["idempotency-key"] for asked in server.requests}) == 1


def test_a_lost_connection_is_no_second_purchase(server: FakeServer) -> None:
    # The server hangs up without a response.
    server.respond = lambda asked, reply: None if asked.number == 0 else reply.json(201, {"agreement": "0x01"})
    market(server).buy(key="monday")
    assert [asked.headers["idempotency-key"] for asked in server.requests] == ["monday", "monday"]


def test_the_asynchronous_client_repeats_too(server: FakeServer) -> None:
    server.respond = lambda asked, reply: reply.refuse(503, "unconfirmed") if asked.number == 0 else reply.json(200, {"agreements": [1]})

    async def run() -> object:
        async with muster.AsyncMarket(server.url, "secret") as client:
            return await client.agreements(all=True)

    assert asyncio.run(run()) == [1]
    assert [asked.query for asked in server.requests] == [{"all": "true"}] * 2


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (402, "over_limit", muster.OverLimit),
        (403, "no_right", muster.NotAllowed),
        (404, "no_agreement", muster.NotFound),
        (409, "refused", muster.Refused),
        (422, "key_reused", muster.ApiError),
        (500, "new_code", muster.ApiError),
    ],
)
def test_errors_have_a_class_a_status_a_code_and_a_message(server: FakeServer, status: int, code: str, kind: type[muster.ApiError]) -> None:
    server.respond = lambda _, reply: reply.refuse(status, code)
    with pytest.raises(muster.ApiError) as caught:
        market(server).cancel("0x01")
    assert (type(caught.value), caught.value.status, caught.value.code, caught.value.message) == (kind, status, code, "because")
    assert len(server.requests) == 1, "what is refused is not repeated"


def test_it_stops_repeating(server: FakeServer) -> None:
    server.respond = lambda _, reply: reply.refuse(503, "unconfirmed")
    with pytest.raises(muster.Unconfirmed):
        market(server, retry_for=0.5).settle("0x01")
    with pytest.raises(muster.ConnectionFailed):
        muster.Market("http://127.0.0.1:1", "secret", retry_for=0).account()


def test_another_server_is_told_from_the_api(server: FakeServer) -> None:
    server.respond = lambda asked, reply: reply.raw(200 if asked.path.endswith("account") else 502, b"<html>")
    with pytest.raises(muster.UnexpectedResponse):
        market(server).account()
    with pytest.raises(muster.UnexpectedResponse):
        market(server).agreement("0x01")


def test_an_agreements_name_is_one_segment_of_the_path(server: FakeServer) -> None:
    market(server).agreement("../account")
    assert server.requests[0].path == "/v1/agreements/..%2Faccount"


def test_an_address_and_a_token_are_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ["MUSTER_API", "MUSTER_TOKEN", "MUSTER_INDEX"]:
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(ValueError, match="MUSTER_TOKEN"):
        muster.Market("http://127.0.0.1:1")
    with pytest.raises(ValueError, match="MUSTER_INDEX"):
        muster.AsyncIndex()
