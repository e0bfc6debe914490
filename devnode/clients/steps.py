"""Steps that print one line each, and make the process fail if one of them does."""

import asyncio
import sys

failed = 0


def step(title, action):
    """Runs a step of the client, which may be asynchronous, and returns its result."""
    global failed
    try:
        result = action()
        if asyncio.iscoroutine(result):
            result = asyncio.run(result)
    except Exception as error:  # noqa: BLE001 - whatever goes wrong fails this step only
        failed += 1
        print(f"FAIL  web3.py: {title}: {type(error).__name__}: {' '.join(str(error).split())}", flush=True)
        return None
    print(f"ok    web3.py: {title}", flush=True)
    return result


def finish():
    """Ends the process: 0 if every step passed, else 1."""
    sys.exit(1 if failed else 0)


def same(actual, expected):
    """Compares two values."""
    assert actual == expected, f"{actual!r} instead of {expected!r}"
