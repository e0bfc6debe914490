"""Runs by the local API, called synchronously."""

from collections.abc import Iterator, Mapping
from typing import TypeVar, Unpack

from . import calls
from .job import JobOptions, JobResult, Program, believed, is_end, load, told
from .local_types import MapInput, RunBody, RunInfo
from .requests import Request
from .transport import Transport

T = TypeVar("T")


class Jobs:
    """What `Market` does about jobs. The token needs the right `run`, and `buy` for a run with `purchase`."""

    _transport: Transport

    def _send(self, request: Request[T]) -> T:
        return self._transport.send(request)

    def run(self, program: Program, *, key: str | None = None, **options: Unpack[JobOptions]) -> JobResult:
        """Runs a program on workers, and waits for the result that enough of them have signed: else raises `JobFailed`."""
        started = self.start(program, key=key, **options)
        return self.wait(started["id"])

    def map(
        self, program: Program, inputs: Mapping[str, bytes], *, key: str | None = None, **options: Unpack[JobOptions]
    ) -> Iterator[tuple[str, JobResult]]:
        """Runs a program once for each input, on all workers at once, and yields each name and result in the inputs' order.

        The input is the file `/in/NAME`, and the output `/out/NAME`; `{in}` and `{out}` in arguments are these paths.
        """
        body = self._body(program, options)
        blobs: list[MapInput] = []
        for name, content in inputs.items():
            blobs.append({"name": name, "blob": self.upload(content)})
        started = self._send(calls.start_map({"run": body, "inputs": blobs}, key))
        for run in started["runs"]:
            yield run["name"], self.wait(run["id"])

    def start(self, program: Program, *, key: str | None = None, **options: Unpack[JobOptions]) -> RunInfo:
        """Starts a run, and does not wait for it."""
        body = self._body(program, options)
        return self._send(calls.start_run(body, key))

    def wait(self, id: str) -> JobResult:
        """The result of a run, once it has one; raises `JobFailed` if it has none in the end."""
        for run in self.run_events(id):
            last = run
        result = believed(last)
        files = {file["path"]: file["blob"] for file in result["files"]}
        stdout = self.download(result["stdout"])
        return JobResult(last, result.get("exit_code"), stdout, files)

    def run_events(self, id: str) -> Iterator[RunInfo]:
        """A run as it is, and whenever it has changed, to its end."""
        for message in self._transport.stream(calls.run_events(id), is_last=is_end):
            if (run := told(message)) is not None:
                yield run

    def runs(self, *, limit: int | None = None) -> list[RunInfo]:
        """The latest runs, the newest first."""
        found = self._send(calls.runs(limit))
        return found["runs"]

    def run_info(self, id: str) -> RunInfo:
        """A run as it is."""
        return self._send(calls.run_info(id))

    def cancel_run(self, id: str, *, key: str | None = None) -> RunInfo:
        """Ends a run."""
        return self._send(calls.cancel_run(id, key))

    def upload(self, content: bytes) -> str:
        """Keeps bytes at the daemon, and says their digest."""
        stored = self._send(calls.upload(content))
        return stored["digest"]

    def download(self, digest: str) -> bytes:
        """The bytes with this digest."""
        return self._send(calls.download(digest))

    def _body(self, program: Program, options: JobOptions) -> RunBody:
        """A run, with everything that it needs uploaded."""
        module, file_name = load(program)
        body: RunBody = {"program": self.upload(module)}
        if name := options.get("name") or file_name:
            body["name"] = name
        if "stdin" in options:
            body["stdin"] = self.upload(options["stdin"])
        body["files"] = []
        for path, content in options.get("files", {}).items():
            body["files"].append({"path": path, "blob": self.upload(content)})
        body["arguments"] = list(options.get("args", []))
        body["environment"] = dict(options.get("environment", {}))
        body["outputs"] = list(options.get("outputs", []))
        if "limits" in options:
            body["limits"] = options["limits"]
        if "replicas" in options:
            body["replicas"] = options["replicas"]
        if "agreement" in options:
            body["agreement"] = options["agreement"]
        if "purchase" in options:
            body["purchase"] = options["purchase"]
        return body
