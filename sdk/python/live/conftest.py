"""A running market, as scripts/sdk starts it: MUSTER_API, MUSTER_TOKEN, MUSTER_INDEX."""

from collections.abc import Iterator

import pytest
from muster import Index, Market


@pytest.fixture
def market() -> Iterator[Market]:
    with Market() as market:
        yield market


@pytest.fixture
def index() -> Iterator[Index]:
    with Index() as index:
        yield index
