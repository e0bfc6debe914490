"""Every operation of the two APIs is called by some method, of the synchronous and of the asynchronous class."""

import inspect
import json
import re
from pathlib import Path
from typing import Any

import muster
import pytest

from .conftest import FakeServer

ROOT = Path(__file__).resolve().parents[3]
NO_OPERATION = {"close", "each"}


def operations(name: str) -> set[str]:
    document = json.loads((ROOT / name / "openapi.json").read_text())
    return {f"{method.upper()} {path}" for path, methods in document["paths"].items() for method in methods} - {"GET /openapi.json"}


def public_methods(kind: type) -> dict[str, Any]:
    return {name: method for name, method in vars(kind).items() if callable(method) and not name.startswith("_") and name not in NO_OPERATION}


def asked(server: FakeServer, name: str) -> set[str]:
    """What the server was asked, as the document names it."""
    templates = {operation: re.compile(re.sub(r"\{[^}]*\}", "A", operation)) for operation in operations(name)}
    found = set()
    for request in server.requests:
        call = f"{request.method} {request.path}"
        found.add(next((operation for operation, template in templates.items() if template.fullmatch(call)), f"unknown: {call}"))
    return found


def call_all(client: Any) -> None:
    """Calls each method; the fake's responses fit none, which does not matter here."""
    for name, method in public_methods(type(client)).items():
        needed = [p for p in inspect.signature(method).parameters.values() if p.default is p.empty and p.kind is p.POSITIONAL_OR_KEYWORD]
        query = {"from_": 0, "to": 1} if name == "prices" else {}
        given = getattr(client, name)(*["A" for _ in needed[1:]], **query)
        if inspect.isgenerator(given):
            next(given, None)


@pytest.mark.parametrize(("name", "kind"), [("local-api", "Market"), ("index-api", "Index")])
def test_every_operation_has_a_method(server: FakeServer, name: str, kind: str) -> None:
    def respond(_: Any, reply: Any) -> None:
        reply.refuse(404, "no_route")

    server.respond = respond
    arguments = (server.url, "secret") if kind == "Market" else (server.url,)
    client = getattr(muster, kind)(*arguments)
    for method in public_methods(type(client)):
        bound = getattr(client, method)
        setattr(client, method, lambda *a, _bound=bound, **k: quietly(_bound, *a, **k))
    call_all(client)
    assert asked(server, name) == operations(name)


def quietly(method: Any, *arguments: Any, **query: Any) -> None:
    """Calls a method whose response is an error, which does not matter here."""
    with pytest.raises(muster.NotFound):
        given = method(*arguments, **query)
        next(given)


@pytest.mark.parametrize(("sync", "asynchronous"), [(muster.Market, muster.AsyncMarket), (muster.Index, muster.AsyncIndex)])
def test_both_kinds_have_the_same_methods(sync: type, asynchronous: type) -> None:
    def parameters(kind: type) -> dict[str, list[str]]:
        return {name: list(inspect.signature(method).parameters) for name, method in public_methods(kind).items()}

    assert parameters(sync) == parameters(asynchronous)
