"""The fixture `link`: links with the reference, and compares with the real wasm-ld on the way."""

from __future__ import annotations

import posixpath
import shlex
from pathlib import Path

import pytest

from linker.driver import LinkOutput, run
from linker.errors import printed
from tests.linker.linked import Linked
from tests.linker.wasm_ld import Outcome, run_wasm_ld

OUTPUT = "out.wasm"


class Refused(Exception):
    """The link was refused; `errors` says why, one message an item."""

    def __init__(self, errors: tuple[str, ...]) -> None:
        super().__init__("\n".join(errors))
        self.errors = errors


def file_names(files: tuple[bytes, ...], named: dict[str, bytes]) -> dict[str, bytes]:
    """Positional files are called a.o, b.o... or a.a, b.a..., by what they are."""
    names = {}
    for letter, content in zip("abcdefghijklmnop", files, strict=False):
        names[letter + (".a" if content.startswith(b"!<arch>") else ".o")] = content
    return names | {name.replace("__", "."): content for name, content in named.items()}


def link_here(
    files: dict[str, bytes], arguments: list[str], dialect: str = "standard"
) -> LinkOutput:
    """A link in this process, with the files in memory."""

    def read(path: str) -> bytes:
        if posixpath.normpath(path) not in files:
            raise FileNotFoundError(2, "No such file or directory")
        return files[posixpath.normpath(path)]

    return run([*arguments, "-o", OUTPUT], read, dialect)


class Linker:
    """Links files in three ways, and answers what the reference made of them.

    The dialect `lld-22` must do what the real wasm-ld does, byte for byte and word for word. The
    dialect `standard` must do the same, unless the test says `departs=True`.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __call__(
        self,
        *files: bytes,
        options: str = "",
        departs: bool = False,
        order: str | None = None,
        **named: bytes,
    ) -> Linked:
        """Links `a.o b.o ...`, in that order or as `order` says, without an entry function.

        Keywords are files too: `lib__a=archive(...)` is the file `lib.a`.

        Raises:
            Refused: the reference refuses the link.
        """
        contents = file_names(files, named)
        inputs = list(contents) if order is None else shlex.split(order)
        arguments = ["--no-entry", *shlex.split(options), *inputs]
        here = link_here(contents, arguments)
        dialect = link_here(contents, arguments, "lld-22")
        real, module = self.link_with_wasm_ld(contents, arguments)
        assert printed(dialect.log, "ld") == real.stderr
        assert dialect.module == module
        for path, content in dialect.side_files:
            assert (self.folder / path).read_bytes() == content
        assert dialect.stdout == real.stdout
        if not departs:
            assert here == dialect
        if here.module is None:
            raise Refused(here.errors)
        linked = Linked(here.module, here.warnings, here.stdout)
        if "-r" not in arguments:
            linked.validate()
        return linked

    def link_with_wasm_ld(
        self, files: dict[str, bytes], arguments: list[str]
    ) -> tuple[Outcome, bytes | None]:
        """What the real wasm-ld does, and its module if it wrote one."""
        for name, content in files.items():
            (self.folder / name).write_bytes(content)
        output = self.folder / OUTPUT
        output.unlink(missing_ok=True)
        real = run_wasm_ld([*arguments, "-o", OUTPUT], self.folder)
        return real, output.read_bytes() if output.exists() else None

    def refusal(
        self,
        *files: bytes,
        options: str = "",
        departs: bool = False,
        order: str | None = None,
        **named: bytes,
    ) -> str:
        """The messages of a link that must be refused."""
        with pytest.raises(Refused) as refused:
            self(*files, options=options, departs=departs, order=order, **named)
        return str(refused.value)

    def malformed(self, *files: bytes, options: str = "") -> str:
        """The message about a file that is no object at all; wasm-ld must not link it either.

        The words are wasm-ld's; the reference says behind them where. wasm-ld refuses most of
        these files and aborts on some.
        """
        contents = file_names(files, {})
        arguments = ["--no-entry", *shlex.split(options), *contents]
        real, module = self.link_with_wasm_ld(contents, arguments)
        assert real.status != 0
        assert module is None
        here = link_here(contents, arguments)
        dialect = link_here(contents, arguments, "lld-22")
        if real.status == 1:
            assert real.stderr == "".join(f"ld: error: {error}\n" for error in dialect.errors)
            for placed, words in zip(here.errors, dialect.errors, strict=True):
                assert placed.startswith(f"{words} (")
        else:
            assert dialect.errors[0].startswith(f"{here.errors[0]} (wasm-ld 22 crashes here")
        assert here.module is None
        return "\n".join(here.errors)


@pytest.fixture
def link(tmp_path: Path) -> Linker:
    return Linker(tmp_path)
