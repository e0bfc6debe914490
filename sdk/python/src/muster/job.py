"""What jobs are made of, and what comes out of them."""

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias, TypedDict, cast

from .errors import MusterError
from .local_types import LimitsBody, ResultInfo, RunInfo, RunPurchaseBody
from .requests import StreamMessage

Program: TypeAlias = str | os.PathLike[str] | bytes
"""A WebAssembly module: the path of its file, or its bytes."""


class JobOptions(TypedDict, total=False):
    """What a program gets, and who runs it. Everything can be left out."""

    name: str
    """Its name: the first argument, and what people call the run. The name of its file if it has one."""
    args: Sequence[str]
    """The arguments after the name."""
    environment: Mapping[str, str]
    """Environment variables; there are no others."""
    stdin: bytes
    """What it reads from standard input."""
    files: Mapping[str, bytes]
    """Files that it finds, by their paths, such as `/in/a.txt`."""
    outputs: Sequence[str]
    """Files that it leaves; the path of a folder ends with a slash."""
    limits: LimitsBody
    """What it may use."""
    replicas: int
    """How many workers must sign the same result, 1 to 8."""
    agreement: str
    """The agreement; without it, the running one that ends last and has enough workers."""
    purchase: RunPurchaseBody
    """What may be bought if there is none: `{"at_most": "0.01eth"}`. Without it, nothing is."""


@dataclass(frozen=True)
class JobResult:
    """The result of a job that as many workers have signed as it asked for."""

    run: RunInfo
    """The run: who was asked, and what each said."""
    exit_code: int | None
    """The program's exit code; nothing if it trapped."""
    stdout: bytes
    """Its standard output."""
    files: dict[str, str]
    """The digests of the files that it left, by their paths, for `download`."""

    @property
    def text(self) -> str:
        """Its standard output as text."""
        return self.stdout.decode()


class JobFailed(MusterError):
    """A run ended without a result that enough workers have signed: `run` says who was asked, and what each said."""

    def __init__(self, run: RunInfo) -> None:
        why = run.get("failure") or run.get("verdict") or run["state"]
        super().__init__(f"the run {run['id']} of {run['name']} has no result: {why}")
        self.run = run
        """The run."""


def load(program: Program) -> tuple[bytes, str | None]:
    """The bytes of a program, and the name of its file."""
    if isinstance(program, bytes):
        return program, None
    return Path(program).read_bytes(), Path(program).name


def told(message: StreamMessage) -> RunInfo | None:
    """The run that a message of its stream has."""
    return cast(RunInfo, json.loads(message.data)) if message.name == "run" else None


def is_end(message: StreamMessage) -> bool:
    """Whether a stream of a run ends with this message."""
    run = told(message)
    return run is not None and run["state"] != "running"


def believed(run: RunInfo) -> ResultInfo:
    """The result of a run that has ended; raises `JobFailed` if it has none that enough workers have signed."""
    result = run.get("result")
    if run["state"] != "finished" or run.get("verdict") != "agreed" or result is None:
        raise JobFailed(run)
    return result
