"""What the index wraps its answers in, and the messages of its event stream."""

import json
from dataclasses import dataclass
from typing import Generic, NotRequired, TypeAlias, TypedDict, TypeVar

from .index_types import BlockRef, Event
from .requests import StreamMessage

T = TypeVar("T")


class Page(TypedDict, Generic[T]):
    """A part of a list."""

    items: list[T]
    """The items."""
    next: NotRequired[str | None]
    """What `after` of the next page is; the last page has none."""


class Answer(TypedDict, Generic[T]):
    """What a market was after a block. Never trust it for money: ask the chain again before anything is signed."""

    market: str
    """The market's contract."""
    block: BlockRef
    """The block."""
    data: T
    """What was asked for."""


@dataclass(frozen=True)
class Happened:
    """An event came."""

    event: Event
    """The event, as lists have it."""
    id: str | None
    """Where the stream is now: what `after` takes."""


@dataclass(frozen=True)
class Head:
    """All events up to this block have come."""

    block: BlockRef
    """The block."""
    id: str | None
    """Where the stream is now: what `after` takes."""


@dataclass(frozen=True)
class Reorg:
    """The chain replaced blocks: what came of blocks after this one is void, and what replaced it follows."""

    after: int
    """The number of the last block that stays."""


Update: TypeAlias = Happened | Head | Reorg
"""A message of the index's stream of events."""


def update(message: StreamMessage) -> Update | None:
    """What a message of the stream says; nothing if it is of a kind that a later release has added."""
    data = json.loads(message.data)
    if message.name == "message":
        return Happened(data, message.id)
    if message.name == "head":
        return Head(data, message.id)
    if message.name == "reorg":
        return Reorg(data["after"])
    return None
