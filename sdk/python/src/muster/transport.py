"""Sends requests with httpx: repeats what may be repeated, and keeps event streams going."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any, TypeVar, cast

import httpx

from .errors import ConnectionFailed, MusterError, UnexpectedResponse, api_error
from .requests import Request, Retry, StreamMessage, StreamParser
from .settings import Settings

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


def lost(error: httpx.HTTPError) -> ConnectionFailed:
    """The error for a response that did not come."""
    return ConnectionFailed(f"no response: {error or type(error).__name__}")


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


class Transport:
    """Blocks until a response is there."""

    def __init__(self, settings: Settings, transport: httpx.BaseTransport | None = None) -> None:
        self._settings = settings
        self._client = httpx.Client(**settings.client, transport=transport)

    def close(self) -> None:
        """Closes the connections."""
        self._client.close()

    def send(self, request: Request[T]) -> T:
        """The response; a request that may be repeated is repeated."""
        retry = Retry(self._settings.retry_for)
        while True:
            try:
                return decode(self._client.request(**arguments(request)), request)
            except httpx.HTTPError as error:
                failure: MusterError = lost(error)
            except MusterError as error:
                failure = error
            time.sleep(retry.pause(failure))

    def stream(
        self, request: Request[Any], last: str | None = None, is_last: Callable[[StreamMessage], bool] = lambda _: False
    ) -> Iterator[StreamMessage]:
        """The messages of a stream; it goes on after the last one when the connection is lost."""
        retry = Retry(self._settings.retry_for)
        while True:
            asked = {**arguments(request), "headers": stream_headers(last), "timeout": self._settings.stream_timeout}
            parser = StreamParser()
            try:
                with self._client.stream(**asked) as response:
                    if not response.is_success:
                        response.read()
                        decode(response, request)
                    for chunk in response.iter_bytes():
                        retry.reset()
                        for message in parser.feed(chunk):
                            last = message.id or last
                            yield message
                            if is_last(message):
                                return
                failure: MusterError = ConnectionFailed("the stream ended")
            except httpx.HTTPError as error:
                failure = lost(error)
            except MusterError as error:
                failure = error
            time.sleep(retry.pause(failure))


class AsyncTransport:
    """The same for asyncio."""

    def __init__(self, settings: Settings, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self._settings = settings
        self._client = httpx.AsyncClient(**settings.client, transport=transport)

    async def close(self) -> None:
        """Closes the connections."""
        await self._client.aclose()

    async def send(self, request: Request[T]) -> T:
        """The response; a request that may be repeated is repeated."""
        retry = Retry(self._settings.retry_for)
        while True:
            try:
                return decode(await self._client.request(**arguments(request)), request)
            except httpx.HTTPError as error:
                failure: MusterError = lost(error)
            except MusterError as error:
                failure = error
            await asyncio.sleep(retry.pause(failure))

    async def stream(
        self, request: Request[Any], last: str | None = None, is_last: Callable[[StreamMessage], bool] = lambda _: False
    ) -> AsyncIterator[StreamMessage]:
        """The messages of a stream; it goes on after the last one when the connection is lost."""
        retry = Retry(self._settings.retry_for)
        while True:
            asked = {**arguments(request), "headers": stream_headers(last), "timeout": self._settings.stream_timeout}
            parser = StreamParser()
            try:
                async with self._client.stream(**asked) as response:
                    if not response.is_success:
                        await response.aread()
                        decode(response, request)
                    async for chunk in response.aiter_bytes():
                        retry.reset()
                        for message in parser.feed(chunk):
                            last = message.id or last
                            yield message
                            if is_last(message):
                                return
                failure: MusterError = ConnectionFailed("the stream ended")
            except httpx.HTTPError as error:
                failure = lost(error)
            except MusterError as error:
                failure = error
            await asyncio.sleep(retry.pause(failure))
