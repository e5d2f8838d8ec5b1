"""The process that runs modules: requests on standard input, responses on standard output.

Start it with `python -m harness.execution.worker`; `executor.Executor` does.
"""

from __future__ import annotations

import os
import sys
from typing import BinaryIO

import msgspec

from harness.execution.protocol import HEADER, Request, Response
from harness.execution.sandbox import execute, make_engine

DATA_LIMIT = 2 << 30


def _limit_resources() -> None:
    try:
        import resource
    except ImportError:  # Windows has no such limits; the store's limits hold there too
        return
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    hard = resource.getrlimit(resource.RLIMIT_DATA)[1]
    limit = DATA_LIMIT if hard == resource.RLIM_INFINITY else min(DATA_LIMIT, hard)
    resource.setrlimit(resource.RLIMIT_DATA, (limit, hard))


def serve(source: BinaryIO, sink: BinaryIO) -> None:
    """Answers requests until the source ends."""
    decoder = msgspec.msgpack.Decoder(Request)
    encoder = msgspec.msgpack.Encoder()
    engine = make_engine()
    while header := source.read(HEADER.size):
        (length,) = HEADER.unpack(header)
        request = decoder.decode(source.read(length))
        try:
            response = execute(engine, request)
        except MemoryError:
            response = Response("limit", "the worker is out of memory")
        answer = encoder.encode(response)
        sink.write(HEADER.pack(len(answer)) + answer)
        sink.flush()


def main() -> None:
    """Serves standard input; anything else printed goes to standard error."""
    _limit_resources()
    sink = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    serve(sys.stdin.buffer, sink)


if __name__ == "__main__":
    main()
