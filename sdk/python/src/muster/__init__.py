"""Muster from Python. `Market` buys and runs, with a token and no key; `Index` reads what markets did. `AsyncMarket` and `AsyncIndex` are
the same for asyncio."""

from .answers import Answer, Happened, Head, Page, Reorg, Update
from .async_index import AsyncIndex
from .async_market import AsyncMarket
from .errors import ApiError, ConnectionFailed, MusterError, NotAllowed, NotFound, OverLimit, Refused, Unconfirmed, UnexpectedResponse
from .index import Index
from .job import JobFailed, JobOptions, JobResult
from .market import Market

__all__ = [
    "Answer", "ApiError", "AsyncIndex", "AsyncMarket", "ConnectionFailed", "Happened", "Head", "Index", "JobFailed", "JobOptions", "JobResult", "Market", "MusterError", "NotAllowed", "NotFound",
    "OverLimit", "Page", "Refused", "Reorg", "Unconfirmed", "UnexpectedResponse", "Update",
]
