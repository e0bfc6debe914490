"""Where an API is and how long to wait for it: what is given, else what the environment has."""

import os
from typing import Any

import httpx

STREAM_SILENCE = 30.0
"""Seconds after which a stream that sends nothing is lost: servers send a comment every 10 seconds."""


class Settings:
    """What both transports are made of."""

    def __init__(self, url: str, token: str | None, timeout: float, retry_for: float) -> None:
        self.retry_for = retry_for
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        self.client: dict[str, Any] = {"base_url": url, "headers": headers, "timeout": timeout, "follow_redirects": False}
        # The local API is on this machine, and its token is for nobody else: no proxy of the environment is between.
        self.client["trust_env"] = token is None
        self.stream_timeout = httpx.Timeout(timeout, read=STREAM_SILENCE)


def local_api(url: str | None, token: str | None, timeout: float, retry_for: float) -> Settings:
    """What is given, else what the environment has."""
    url, token = url or os.environ.get("MUSTER_API"), token or os.environ.get("MUSTER_TOKEN")
    if not url or not token:
        raise ValueError("the local API needs an address and a token: give url and token, or set MUSTER_API and MUSTER_TOKEN")
    return Settings(url, token, timeout, retry_for)


def index(url: str | None, timeout: float, retry_for: float) -> Settings:
    """What is given, else what the environment has."""
    url = url or os.environ.get("MUSTER_INDEX")
    if not url:
        raise ValueError("the index needs an address: give url, or set MUSTER_INDEX")
    return Settings(url, None, timeout, retry_for)
