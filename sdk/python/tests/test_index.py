import asyncio
import time
from itertools import islice

import muster
import pytest

from .conftest import Asked, FakeServer, Reply

TEXT = (
    'id: 5.0\ndata: {"event":"Größe\u2028"}\n\n: alive\n\nevent: later\ndata: {}\n\n'
    'event: head\nid: 5.1\ndata: {"number":5}\r\n\r\nevent: reorg\ndata: {"af'
).encode()


def stream(asked: Asked, reply: Reply) -> None:
    """A connection that is lost in a message, one that ends, and one that stays for a moment."""
    if asked.number == 0:
        reply.raw(200, b"", "text/event-stream")
        for byte in TEXT:
            reply.write(bytes([byte]))
    elif asked.number == 1:
        reply.raw(200, b'event: reorg\ndata: {"after":4}\n\n', "text/event-stream")
    else:
        reply.raw(200, b'id: 6.0\ndata: {"event":"B"}\n\n', "text/event-stream")
        time.sleep(0.5)


EXPECTED = [
    muster.Happened({"event": "Größe\u2028"}, "5.0"),  # type: ignore[typeddict-item]
    muster.Head({"number": 5}, "5.1"),  # type: ignore[typeddict-item]
    muster.Reorg(4),
    muster.Happened({"event": "B"}, "6.0"),  # type: ignore[typeddict-item]
]


def pages(asked: Asked, reply: Reply) -> None:
    reply.json(200, {"data": {"items": [3]} if "after" in asked.query else {"items": [1, 2], "next": "n"}})


def test_a_list_is_read_page_by_page(server: FakeServer) -> None:
    server.respond = pages
    with muster.Index(server.url, market="0xaa") as index:
        found: list[object] = [entry for entry in index.each(index.statement, "0x01", from_=7)]
    assert found == [1, 2, 3]
    first = {"market": "0xaa", "from": "7"}
    assert [asked.query for asked in server.requests] == [first, {**first, "after": "n"}]


def test_a_list_is_read_page_by_page_by_asyncio(server: FakeServer) -> None:
    server.respond = pages

    async def run() -> list[object]:
        async with muster.AsyncIndex(server.url) as index:
            return [worker async for worker in index.each(index.workers, free=True)]

    assert asyncio.run(run()) == [1, 2, 3]


def test_who_asks_too_often_waits(server: FakeServer) -> None:
    server.respond = lambda asked, reply: reply.refuse(429, "too_many_requests") if asked.number == 0 else reply.json(200, [])
    assert muster.Index(server.url).markets() == []


def check_stream(server: FakeServer) -> None:
    assert [asked.headers.get("last-event-id") for asked in server.requests] == [None, "5.1", "5.1"]
    assert server.requests[0].query == {"name": "A", "after": "4.9"}
    assert server.requests[0].headers["accept"] == "text/event-stream"


def test_a_stream_goes_on_after_the_last_message(server: FakeServer) -> None:
    server.respond = stream
    assert list(islice(muster.Index(server.url).events(name="A", after="4.9"), 4)) == EXPECTED
    check_stream(server)


def test_a_stream_goes_on_by_asyncio(server: FakeServer) -> None:
    server.respond = stream

    async def run() -> list[muster.Update]:
        found: list[muster.Update] = []
        async with muster.AsyncIndex(server.url) as index:
            async for update in index.events(name="A", after="4.9"):
                found.append(update)
                if len(found) == 4:
                    break
        return found

    assert asyncio.run(run()) == EXPECTED
    check_stream(server)


def test_a_stream_that_is_refused_ends_with_the_error(server: FakeServer) -> None:
    server.respond = lambda _, reply: reply.refuse(404, "no_market")
    with pytest.raises(muster.NotFound):
        next(muster.Index(server.url).events())
