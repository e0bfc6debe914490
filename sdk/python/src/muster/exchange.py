"""A request as httpx takes it, and what its response says."""

from typing import Any, TypeVar, cast

import httpx

from .errors import ConnectionFailed, MusterError, UnexpectedResponse, api_error
from .requests import Request

T = TypeVar("T")


def decode(response: httpx.Response, request: Request[T]) -> T:
    """What a response says."""
    if response.is_success and request.kind != "json":
        return cast(T, response.text if request.kind == "text" else response.content)
    try:
        body: Any = response.json()
    except ValueError:
        body = None
    if not response.is_success:
        raise api_error(response.status_code, body)
    if body is None:
        raise UnexpectedResponse("the response is no JSON: is this the address of a Muster API?")
    return cast(T, body)


def failure(error: httpx.HTTPError | MusterError) -> MusterError:
    """The error of an attempt; what httpx raises means that no response came."""
    return error if isinstance(error, MusterError) else ConnectionFailed(f"no response: {error or type(error).__name__}")


def stream_headers(last: str | None) -> dict[str, str]:
    """The headers of a request for a stream that goes on after a message."""
    headers = {"Accept": "text/event-stream"}
    return headers if last is None else {**headers, "Last-Event-ID": last}


def arguments(request: Request[Any]) -> dict[str, Any]:
    """A request, as httpx takes it."""
    return {
        "method": request.method, "url": request.path, "params": dict(request.query),
        "headers": dict(request.headers), "json": request.json, "content": request.content,
    }
