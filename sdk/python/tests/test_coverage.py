"""Every operation of the two APIs is called by some method, of the synchronous and of the asynchronous class."""

import inspect
import json
import re
from contextlib import suppress
from pathlib import Path
from typing import Any

import muster
import pytest

from .conftest import Asked, FakeServer, Reply

ROOT = Path(__file__).resolve().parents[3]
NO_OPERATION = {"close", "each"}


def operations(name: str) -> set[str]:
    document = json.loads((ROOT / name / "openapi.json").read_text())
    return {f"{method.upper()} {path}" for path, methods in document["paths"].items() for method in methods} - {"GET /openapi.json"}


def public_methods(kind: type) -> dict[str, Any]:
    methods = {name: method for base in reversed(kind.__mro__) for name, method in vars(base).items()}
    return {name: method for name, method in methods.items() if callable(method) and not name.startswith("_") and name not in NO_OPERATION}


def asked(server: FakeServer, name: str) -> set[str]:
    """What the server was asked, as the document names it."""
    templates = {operation: re.compile(re.sub(r"\{[^}]*\}", "A", operation)) for operation in operations(name)}
    found = set()
    for request in server.requests:
        call = f"{request.method} {request.path}"
        found.add(next((operation for operation, template in templates.items() if template.fullmatch(call)), f"unknown: {call}"))
    return found


def call_all(client: Any) -> None:
    """Calls each method. Every response but that of an upload is an error, which does not matter here."""
    values = {"program": b"A", "content": b"A", "inputs": {"A": b"A"}}
    for name, method in public_methods(type(client)).items():
        parameters = list(inspect.signature(method).parameters.values())[1:]
        needed = [p for p in parameters if p.default is p.empty and p.kind is p.POSITIONAL_OR_KEYWORD]
        query = {"from_": 0, "to": 1} if name == "prices" else {}
        with suppress(muster.NotFound):
            given = getattr(client, name)(*[values.get(p.name, "A") for p in needed], **query)
            if inspect.isgenerator(given):
                next(given)


@pytest.mark.parametrize(("name", "kind"), [("local-api", "Market"), ("index-api", "Index")])
def test_every_operation_has_a_method(server: FakeServer, name: str, kind: str) -> None:
    def respond(asked: Asked, reply: Reply) -> None:
        if asked.path == "/v1/blobs":
            reply.json(201, {"digest": "A"})
        else:
            reply.refuse(404, "no_route")

    server.respond = respond
    arguments = (server.url, "secret") if kind == "Market" else (server.url,)
    call_all(getattr(muster, kind)(*arguments))
    assert asked(server, name) == operations(name)


@pytest.mark.parametrize(("sync", "asynchronous"), [(muster.Market, muster.AsyncMarket), (muster.Index, muster.AsyncIndex)])
def test_both_kinds_have_the_same_methods(sync: type, asynchronous: type) -> None:
    def parameters(kind: type) -> dict[str, list[str]]:
        return {name: list(inspect.signature(method).parameters) for name, method in public_methods(kind).items()}

    assert parameters(sync) == parameters(asynchronous)
