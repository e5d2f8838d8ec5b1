"""Starts the execution worker, keeps it, and starts it again when it dies or hangs."""

from __future__ import annotations

import os
import selectors
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import IO

import msgspec

from harness.execution.protocol import HEADER, Request, Response

DEFAULT_DEADLINE = 10.0
_ROOT = Path(__file__).resolve().parents[2]


class Executor:
    """A persistent worker process that runs modules, one at a time.

    `run` gives a response for every module, whatever the module does to the worker.
    `start` and `finish` are its two halves: between them the caller may do other work
    while the module runs. Not for use by several threads.

    Attributes:
        restarts: how often the worker had to be replaced.
    """

    def __init__(self, deadline: float = DEFAULT_DEADLINE) -> None:
        """`deadline`: seconds of wall-clock time that one module may take."""
        self.deadline = deadline
        self.restarts = 0
        self._process: subprocess.Popen[bytes] | None = None
        self._errors: IO[bytes] | None = None
        self._pending_since: float | None = None
        self._encoder = msgspec.msgpack.Encoder()
        self._decoder = msgspec.msgpack.Decoder(Response)

    def __enter__(self) -> Executor:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def warm_up(self) -> None:
        """Starts the worker now (0.2 s), so that the first module does not pay for it."""
        self._worker()

    def run(self, request: Request) -> Response:
        """Runs one module and waits for what became of it."""
        self.start(request)
        return self.finish()

    def start(self, request: Request) -> None:
        """Hands a module to the worker. `finish` must follow before the next `start`."""
        if self._pending_since is not None:
            raise RuntimeError("the response of the module before was not fetched")
        content = self._encoder.encode(request)
        message = HEADER.pack(len(content)) + content
        self._pending_since = time.monotonic()
        worker = self._worker()
        assert worker.stdin is not None
        try:
            worker.stdin.write(message)
        except BrokenPipeError:
            # It died while idle, by no fault of this module: one new worker gets it.
            self._stop()
            worker = self._worker()
            assert worker.stdin is not None
            worker.stdin.write(message)

    def finish(self) -> Response:
        """Waits for the response to the module that `start` was given."""
        if self._pending_since is None:
            raise RuntimeError("no module was started")
        until = self._pending_since + self.deadline
        self._pending_since = None
        worker = self._worker()
        header = self._read(worker, HEADER.size, until)
        content = self._read(worker, HEADER.unpack(header)[0], until) if header else None
        if content is not None:
            return self._decoder.decode(content)
        if worker.poll() is None and time.monotonic() >= until:
            self._stop()
            return Response("timed-out", f"no answer in {self.deadline:g} s")
        status = worker.wait()
        words = self._last_words()
        self._stop()
        return Response("died", f"exit status {status}: {words}")

    def close(self) -> None:
        """Ends the worker."""
        self._pending_since = None
        if self._process is not None:
            self._stop()
            self.restarts -= 1

    def _read(self, worker: subprocess.Popen[bytes], size: int, until: float) -> bytes | None:
        """That many bytes of the worker's answer; None when it ends or time is over."""
        assert worker.stdout is not None
        descriptor = worker.stdout.fileno()
        parts: list[bytes] = []
        with selectors.DefaultSelector() as selector:
            selector.register(descriptor, selectors.EVENT_READ)
            while size:
                if not selector.select(max(0.0, until - time.monotonic())):
                    return None
                part = os.read(descriptor, size)
                if not part:
                    return None
                parts.append(part)
                size -= len(part)
        return b"".join(parts)

    def _worker(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            self._errors = tempfile.TemporaryFile()  # noqa: SIM115 (closed by _stop)
            environment = dict(os.environ)
            path = environment.get("PYTHONPATH")
            environment["PYTHONPATH"] = str(_ROOT) + (os.pathsep + path if path else "")
            environment["RUST_BACKTRACE"] = "0"
            self._process = subprocess.Popen(
                [sys.executable, "-m", "harness.execution.worker"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._errors,
                env=environment,
                bufsize=0,
                start_new_session=True,
            )
        return self._process

    def _last_words(self) -> str:
        assert self._errors is not None
        self._errors.seek(0)
        lines = self._errors.read().decode(errors="replace").strip().splitlines()
        return lines[-1] if lines else "nothing on standard error"

    def _stop(self) -> None:
        process, self._process = self._process, None
        self.restarts += 1
        if process is not None:
            process.kill()
            process.wait()
            for pipe in (process.stdin, process.stdout):
                assert pipe is not None
                pipe.close()
        if self._errors is not None:
            self._errors.close()
            self._errors = None
