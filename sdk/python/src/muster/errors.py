"""What can go wrong. Every error of this package is a `MusterError`."""

from typing import Any


class MusterError(Exception):
    """The base of all errors."""


class ConnectionFailed(MusterError):
    """No whole response came. A request that changes something was repeated under its idempotency key meanwhile."""


class UnexpectedResponse(MusterError):
    """The response is none that a Muster API sends: the address is probably that of something else."""


class ApiError(MusterError):
    """The API refuses a request or failed. Codes are stable, messages are for people."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.status = status
        """The HTTP status."""
        self.code = code
        """The code, as the documents of the two APIs list them."""
        self.message = message
        """What is wrong and what to do."""


class NotAllowed(ApiError):
    """`no_token`, `no_right`, `wrong_origin`, `wrong_host`: the token, or the caller, may not do this."""


class OverLimit(ApiError):
    """`over_limit`: the token may not spend so much."""


class NotFound(ApiError):
    """`no_agreement`, `no_run`, `no_blob`, `no_market`, `not_found`, `no_route`: there is no such thing."""


class Refused(ApiError):
    """`refused`: the market or the agreement refuses, for instance because the price is too high or it is too early."""


class Unconfirmed(ApiError):
    """`unconfirmed`: a transaction was sent, and no block has it yet. Repeat the request under the same key."""


KINDS: dict[str, type[ApiError]] = {
    "no_token": NotAllowed,
    "no_right": NotAllowed,
    "wrong_origin": NotAllowed,
    "wrong_host": NotAllowed,
    "over_limit": OverLimit,
    "no_agreement": NotFound,
    "no_run": NotFound,
    "no_blob": NotFound,
    "no_market": NotFound,
    "not_found": NotFound,
    "no_route": NotFound,
    "refused": Refused,
    "unconfirmed": Unconfirmed,
}
"""The exception of each code; `ApiError` itself for all others."""


def api_error(status: int, body: Any) -> MusterError:
    """The error that a response with this status and decoded body means."""
    if isinstance(body, dict) and isinstance(body.get("error"), str) and isinstance(body.get("message"), str):
        return KINDS.get(body["error"], ApiError)(status, body["error"], body["message"])
    return UnexpectedResponse(f"status {status} without a Muster error in its body: is this the address of a Muster API?")
