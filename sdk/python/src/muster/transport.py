"""Requests by httpx, called synchronously: what may be repeated is repeated, and event streams are kept going."""

import time
from collections.abc import Iterator
from typing import Any, TypeVar

import httpx

from .errors import ConnectionFailed, MusterError
from .exchange import arguments, decode, failure, stream_headers
from .requests import IsLast, Request, Retry, StreamMessage, StreamParser
from .settings import Settings

T = TypeVar("T")


class Transport:
    """Sends requests, and returns when a response is there."""

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
            except (httpx.HTTPError, MusterError) as error:
                failed = failure(error)
            time.sleep(retry.pause(failed))

    def stream(
        self, request: Request[Any], last: str | None = None, is_last: IsLast = lambda _: False
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
                failed: MusterError = ConnectionFailed("the stream ended")
            except (httpx.HTTPError, MusterError) as error:
                failed = failure(error)
            time.sleep(retry.pause(failed))
