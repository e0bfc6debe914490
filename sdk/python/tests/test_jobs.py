import asyncio
import hashlib
import json
from pathlib import Path
from typing import Any

import muster
import pytest

from .conftest import Asked, FakeServer, Reply

RUNNING: dict[str, Any] = {"id": "a1", "name": "a.wasm", "state": "running", "verdict": None, "result": None, "answers": []}
STDOUT = b"78498\n"


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


AGREED = {
    "state": "finished",
    "verdict": "agreed",
    "result": {"exit_code": 0, "stdout": digest(STDOUT), "files": [{"path": "/out/a", "blob": "b1", "size": 1}]},
}


class Daemon:
    """Keeps blobs; its runs end as given, after a stream that breaks in the middle."""

    def __init__(self, end: dict[str, Any]) -> None:
        self.end = {**RUNNING, **AGREED, **end}
        self.blobs = {digest(STDOUT): STDOUT}
        self.streams = 0

    def respond(self, asked: Asked, reply: Reply) -> None:
        if asked.path == "/v1/blobs":
            self.blobs[digest(asked.body)] = asked.body
            reply.json(201, {"digest": digest(asked.body), "size": len(asked.body)})
        elif asked.path.startswith("/v1/blobs/"):
            blob = self.blobs.get(asked.path[10:])
            reply.refuse(404, "no_blob") if blob is None else reply.raw(200, blob, "application/octet-stream")
        elif asked.path == "/v1/maps":
            inputs = json.loads(asked.body)["inputs"]
            reply.json(202, {"runs": [{"name": given["name"], "id": f"a{at}"} for at, given in enumerate(inputs)]})
        elif asked.path.endswith("/events"):
            self.streams += 1
            rest = b"event: run\nda" if self.streams == 1 else message(self.end)
            reply.raw(200, b": alive\n\n" + message(RUNNING) + rest, "text/event-stream")
        else:
            reply.json(202, RUNNING)


def message(run: dict[str, Any]) -> bytes:
    return b"event: run\ndata: " + json.dumps(run).encode() + b"\n\n"


def test_a_run_uploads_what_it_needs_survives_a_lost_stream_and_has_its_output(server: FakeServer, tmp_path: Path) -> None:
    server.respond = Daemon({}).respond
    (tmp_path / "a.wasm").write_bytes(b"module")
    market = muster.Market(server.url, "secret")
    result = market.run(
        tmp_path / "a.wasm", args=["1000000"], stdin=b"in", files={"/in/a": b"1"}, replicas=2, purchase={"at_most": "1eth"}, key="monday"
    )
    assert (result.text, result.exit_code, result.files, result.run.get("verdict")) == ("78498\n", 0, {"/out/a": "b1"}, "agreed")
    [start] = [asked for asked in server.requests if asked.path == "/v1/runs"]
    assert start.headers["idempotency-key"] == "monday"
    assert json.loads(start.body) == {
        "program": digest(b"module"), "name": "a.wasm", "arguments": ["1000000"], "stdin": digest(b"in"), "environment": {}, "outputs": [],
        "files": [{"path": "/in/a", "blob": digest(b"1")}], "replicas": 2, "purchase": {"at_most": "1eth"},
    }
    assert len([asked for asked in server.requests if asked.path.endswith("/events")]) == 2


@pytest.mark.parametrize("end", [{"verdict": "too_few"}, {"state": "failed", "failure": "no worker answers"}, {"state": "cancelled"}])
def test_a_run_without_a_result_that_enough_workers_signed_is_an_error(server: FakeServer, end: dict[str, Any]) -> None:
    server.respond = Daemon(end).respond
    with pytest.raises(muster.JobFailed) as caught:
        muster.Market(server.url, "secret").run(b"module")
    assert caught.value.run["state"] == end.get("state", "finished")


def test_a_map_has_a_result_for_each_input_in_their_order(server: FakeServer) -> None:
    daemon = Daemon({})
    server.respond = daemon.respond
    found = muster.Market(server.url, "secret").map(b"module", {"b": b"two", "a": b"one"}, args=["{in}"])
    assert [(name, result.text) for name, result in found] == [("b", "78498\n"), ("a", "78498\n")]
    assert digest(b"two") in daemon.blobs


def test_asyncio_runs_and_maps(server: FakeServer) -> None:
    server.respond = Daemon({}).respond

    async def run() -> list[str]:
        async with muster.AsyncMarket(server.url, "secret") as market:
            first = await market.run(b"module")
            return [first.text, *[name async for name, _ in market.map(b"module", {"b": b"two"})]]

    assert asyncio.run(run()) == ["78498\n", "b"]


def test_a_blob_that_is_not_there_is_an_error(server: FakeServer) -> None:
    server.respond = Daemon({}).respond
    with pytest.raises(muster.NotFound):
        muster.Market(server.url, "secret").download("00")
