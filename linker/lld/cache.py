"""`lld.id` beside the output: which link the output is of (linkWithLLD, lines 2151 to 2178, 2473).

As in the seed it is a symbolic link whose target is the text, so it is there whole or not at
all. The seed's text is the digest of the link. Here the digest of the output's content follows:
an output that something else changed is then no longer taken for the link's, whoever changed it
and whenever. A lock file beside it lets one link at a time work in the folder, for as long as the
link's process or its wasm-ld lives.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from linker.lld.digest import file_digest
from linker.lld.errors import CacheUnavailable

ID_NAME = "lld.id"
LOCK_NAME = "lld.id.lock"
_NEW_ID_NAME = "lld.id.new"  # one name is enough: it is written under the lock only


class OutputId:
    """The id of the output of one folder; to be used while its lock is held."""

    def __init__(self, directory: Path, output: Path) -> None:
        self.path = directory / ID_NAME
        self._new = directory / _NEW_ID_NAME
        self.output = output

    def vouches_for(self, link_digest: str) -> bool:
        """Whether the output is there, whole, and what the link with this digest made."""
        try:
            text = os.readlink(self.path)  # noqa: PTH115 - the text is no path
        except OSError:
            # None there, or a file that is not ours.
            return False
        digest, _, output_digest = text.partition("-")
        return digest == link_digest and output_digest == file_digest(self.output)

    def remove(self) -> None:
        """From now on nothing vouches for the output. Raises CacheUnavailable."""
        for path in (self.path, self._new):
            try:
                path.unlink(missing_ok=True)
            except OSError as error:
                raise CacheUnavailable(path, error.strerror or str(error)) from None

    def write(self, link_digest: str) -> str | None:
        """Says that the output is what the link with this digest made.

        Returns why that could not be written: the next link is then done anew.
        """
        output_digest = file_digest(self.output)
        if output_digest is None:
            return f"{self.output} is not a regular file"
        try:
            self._new.symlink_to(f"{link_digest}-{output_digest}")
            self._new.replace(self.path)
        except OSError as error:
            with suppress(OSError):
                self._new.unlink(missing_ok=True)
            return error.strerror or str(error)
        return None


@contextmanager
def locked(directory: Path) -> Iterator[int]:
    """Waits until no other link works in the folder; gives the lock's file descriptor.

    A child process that keeps the descriptor keeps the lock. Raises CacheUnavailable.
    """
    path = directory / LOCK_NAME
    descriptor = _lock(path)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _lock(path: Path) -> int:
    while True:
        try:
            flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK
            descriptor = os.open(path, flags, 0o666)
        except OSError as error:
            raise CacheUnavailable(path, error.strerror or str(error)) from None
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            if _is_still(path, descriptor):
                return descriptor
        except OSError as error:
            os.close(descriptor)
            raise CacheUnavailable(path, error.strerror or str(error)) from None
        except BaseException:
            os.close(descriptor)
            raise
        # Someone deleted the lock file while we waited: others may already lock a new one.
        os.close(descriptor)


def _is_still(path: Path, descriptor: int) -> bool:
    try:
        return os.path.samestat(os.stat(path, follow_symlinks=False), os.fstat(descriptor))  # noqa: PTH116
    except FileNotFoundError:
        return False
