"""Requests as values, when to repeat them, and how streams are read: what sync and async clients share."""

import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Generic, Literal, TypeAlias, TypeVar
from urllib.parse import quote

from .errors import ApiError, ConnectionFailed, MusterError

T = TypeVar("T")

FIRST_PAUSE = 0.2
LONGEST_PAUSE = 5.0
TRANSIENT = (429, 503)
"""Statuses after which the same request can succeed."""


Kind: TypeAlias = Literal["json", "text", "bytes"]


@dataclass(frozen=True)
class Request(Generic[T]):
    """A request whose response has the type `T`."""

    method: str
    path: str
    query: Mapping[str, Any]
    headers: Mapping[str, str]
    json: Any = None
    content: bytes | None = None
    kind: Kind = "json"
    """How the body of the response is read."""


def path(template: str, *parts: str) -> str:
    """A path with its parameters filled in, each as one segment."""
    return template.format(*(quote(part, safe="") for part in parts))


def get(where: str, query: Mapping[str, Any] | None = None, kind: Kind = "json") -> Request[Any]:
    """A request that reads. A trailing `_`, as in `from_`, only avoids Python's keywords."""
    given = {name.rstrip("_"): value for name, value in (query or {}).items() if value is not None}
    return Request("GET", where, given, {}, kind=kind)


def post(where: str, body: Any, key: str | None = None) -> Request[Any]:
    """A request that is made once, however often it is repeated: it has an idempotency key."""
    return Request("POST", where, {}, {"Idempotency-Key": key or uuid.uuid4().hex}, json=body)


class Retry:
    """How long to wait before a request is repeated: longer each time, until `limit` seconds have passed."""

    def __init__(self, limit: float) -> None:
        self._limit = limit
        self.reset()

    def reset(self) -> None:
        """Begins anew, after something has succeeded."""
        self._end = time.monotonic() + self._limit
        self._pause = FIRST_PAUSE

    def pause(self, error: MusterError) -> float:
        """The seconds to wait; raises the error if repeating is useless or the time is over."""
        is_transient = isinstance(error, ConnectionFailed) or (isinstance(error, ApiError) and error.status in TRANSIENT)
        if not is_transient or time.monotonic() + self._pause > self._end:
            raise error
        pause, self._pause = self._pause, min(self._pause * 2, LONGEST_PAUSE)
        return pause


@dataclass(frozen=True)
class StreamMessage:
    """A message of an event stream."""

    id: str | None
    """Where the stream is after it: what `after` takes, if it has one."""
    name: str
    """Its name; `message` if it has none."""
    data: str
    """Its data, as they came."""


IsLast: TypeAlias = Callable[[StreamMessage], bool]
"""Whether a message is the last one that is wanted."""


class StreamParser:
    """Makes messages of the bytes of an event stream (`text/event-stream`)."""

    def __init__(self) -> None:
        self._rest = b""
        self._clear()

    def _clear(self) -> None:
        self._id: str | None = None
        self._name = "message"
        self._data: list[str] = []

    def feed(self, chunk: bytes) -> Iterator[StreamMessage]:
        """The messages that are complete with these bytes."""
        # Not splitlines(), for which U+2028 ends a line: texts of strangers may have it.
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        for line in lines:
            yield from self._line(line.removesuffix(b"\r").decode())

    def _line(self, line: str) -> Iterator[StreamMessage]:
        if not line:
            if self._data:
                yield StreamMessage(self._id, self._name, "\n".join(self._data))
            self._clear()
            return
        field, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if field == "id":
            self._id = value
        elif field == "event":
            self._name = value
        elif field == "data":
            self._data.append(value)
