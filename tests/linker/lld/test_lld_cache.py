"""The digest cache: an unchanged link starts no wasm-ld, and each way of becoming stale does."""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from linker.format.archive import Member
from linker.format.encode_archive import encode_archive
from linker.lld import (
    Action,
    InputUnavailable,
    LinkObject,
    LldOptions,
    Module,
    ReportedFailure,
    crt_files_in,
    link_with_lld,
)
from tests.linker.lld.lld_runs import (
    WASM_LD,
    counted,
    script,
    small_link,
    starts_of,
    write_object,
)
from tests.linker.small_objects import object_with


def linked_anew(options: LldOptions, folder: Path) -> bytes:
    """The output of these options by the real wasm-ld, without any cache."""
    elsewhere = folder / "anew"
    elsewhere.mkdir(exist_ok=True)
    link_with_lld(replace(options, output_directory=str(elsewhere)), WASM_LD, cache=False)
    return (elsewhere / "out.wasm").read_bytes()


def full_link(folder: Path) -> LldOptions:
    """A link with every kind of input: each is a file of its own in the folder."""
    (folder / "crt").mkdir()
    for name in ("crt1-command.o", "libc.a"):
        write_object(folder / "crt", name, f"from_{name.partition('.')[0]}")
    archive = folder / "whole.a"
    archive.write_bytes(encode_archive([Member("m.o", object_with("m"))]))
    (folder / "thin").mkdir()
    write_object(folder / "thin", "n.o", "n")
    thin = folder / "thin" / "thin.a"
    thin.write_bytes(encode_archive([Member("n.o", object_with("n"))], thin=True))
    return replace(
        small_link(folder),
        objects=(
            LinkObject(write_object(folder, "a.o", "_start")),
            LinkObject(str(archive), must_link=True),
            LinkObject(str(thin), must_link=True),
        ),
        wasi=True,
        link_libc=True,
        crt_files=crt_files_in(folder / "crt"),
        c_objects=(write_object(folder, "c.o", "c"),),
        module=Module(write_object(folder, "module.o", "module"), object_directory=""),
        include_compiler_rt=True,
        compiler_rt_static_lib=write_object(folder, "rt.o", "rt"),
        rdynamic=True,
    )


INPUTS = [
    "a.o", "whole.a", "thin/n.o", "thin/thin.a", "crt/crt1-command.o", "crt/libc.a", "c.o",
    "module.o", "rt.o",
]  # fmt: skip


def test_an_unchanged_link_starts_nothing(tmp_path: Path) -> None:
    options, wasm_ld = full_link(tmp_path), counted(tmp_path)
    first = link_with_lld(options, wasm_ld)
    assert first.action is Action.LINKED
    assert first.not_cached is None
    assert first.warnings == ()
    content = (tmp_path / "out.wasm").read_bytes()
    for _ in range(3):
        again = link_with_lld(options, wasm_ld, show_command=pytest.fail)
        assert again.action is Action.UNCHANGED
        assert again.command == first.command
    assert starts_of(tmp_path) == 1
    assert content == (tmp_path / "out.wasm").read_bytes() == linked_anew(options, tmp_path)


def test_the_id_is_a_link_whose_target_is_the_text(tmp_path: Path) -> None:
    link_with_lld(small_link(tmp_path), WASM_LD)
    text = os.readlink(tmp_path / "lld.id")  # noqa: PTH115
    assert [len(part) for part in text.split("-")] == [64, 64]
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "a.o", "lld.id", "lld.id.lock", "out.wasm",
    ]  # fmt: skip


def new_content(name: str) -> bytes:
    if name == "whole.a":
        return encode_archive([Member("m.o", object_with("M"))])
    if name == "thin/thin.a":
        members = [Member("n.o", object_with("n")), Member("../a2.o", b"")]
        return encode_archive(members, thin=True)
    if name == "a.o":
        return object_with("_start", "more")
    return object_with("changed")


@pytest.mark.parametrize("name", INPUTS)
def test_a_changed_input(tmp_path: Path, name: str) -> None:
    options, wasm_ld = full_link(tmp_path), counted(tmp_path)
    write_object(tmp_path, "a2.o", "a2")
    link_with_lld(options, wasm_ld)
    (tmp_path / name).write_bytes(new_content(name))
    assert link_with_lld(options, wasm_ld).action is Action.LINKED
    assert link_with_lld(options, wasm_ld).action is Action.UNCHANGED
    assert starts_of(tmp_path) == 2
    assert (tmp_path / "out.wasm").read_bytes() == linked_anew(options, tmp_path)


def test_an_input_of_the_same_size_and_time(tmp_path: Path) -> None:
    options, wasm_ld = small_link(tmp_path), counted(tmp_path)
    options = replace(options, rdynamic=True)
    write_object(tmp_path, "a.o", "_start", "f1")
    link_with_lld(options, wasm_ld)
    path = tmp_path / "a.o"
    before = path.stat()
    write_object(tmp_path, "a.o", "_start", "f2")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert (path.stat().st_size, path.stat().st_mtime_ns) == (before.st_size, before.st_mtime_ns)
    assert link_with_lld(options, wasm_ld).action is Action.LINKED
    assert b"f2" in (tmp_path / "out.wasm").read_bytes()


def test_an_input_that_was_only_touched(tmp_path: Path) -> None:
    # As in the seed's manifest: content counts, not time.
    options, wasm_ld = small_link(tmp_path), counted(tmp_path)
    link_with_lld(options, wasm_ld)
    os.utime(tmp_path / "a.o", ns=(1, 1))
    write_object(tmp_path, "copy.o", "_start")
    (tmp_path / "copy.o").replace(tmp_path / "a.o")
    assert link_with_lld(options, wasm_ld).action is Action.UNCHANGED


def test_the_same_content_under_another_path(tmp_path: Path) -> None:
    options, wasm_ld = small_link(tmp_path), counted(tmp_path)
    link_with_lld(options, wasm_ld)
    other = replace(options, objects=(LinkObject(write_object(tmp_path, "b.o", "_start")),))
    assert link_with_lld(other, wasm_ld).action is Action.LINKED


def test_the_same_names_in_another_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wasm_ld = counted(tmp_path)
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        write_object(tmp_path / name, "a.o", "_start")
    options = replace(small_link(tmp_path), objects=(LinkObject("a.o"),))
    monkeypatch.chdir(tmp_path / "one")
    link_with_lld(options, wasm_ld)
    monkeypatch.chdir(tmp_path / "two")
    assert link_with_lld(options, wasm_ld).action is Action.LINKED


def test_a_missing_member_of_a_thin_archive_appears(tmp_path: Path) -> None:
    options = full_link(tmp_path)
    link_with_lld(options, WASM_LD)
    (tmp_path / "thin" / "n.o").unlink()
    with pytest.raises(ReportedFailure, match="could not get the buffer"):
        link_with_lld(options, WASM_LD)
    write_object(tmp_path / "thin", "n.o", "n", "n2")
    assert link_with_lld(options, WASM_LD).action is Action.LINKED
    assert b"n2" in (tmp_path / "out.wasm").read_bytes()


def test_a_thin_archive_that_cannot_be_read(tmp_path: Path) -> None:
    options = full_link(tmp_path)
    (tmp_path / "thin" / "thin.a").write_bytes(b"!<thin>\nnonsense")
    with pytest.raises(ReportedFailure):
        link_with_lld(options, WASM_LD)


@pytest.mark.parametrize("event", ["appears", "changes", "goes"])
def test_the_file_of_imports_beside_an_archive(tmp_path: Path, event: str) -> None:
    options, wasm_ld = full_link(tmp_path), counted(tmp_path)
    beside = tmp_path / "whole.imports"
    if event != "appears":
        beside.write_text("f\n")
    link_with_lld(options, wasm_ld)
    if event == "goes":
        beside.unlink()
    else:
        beside.write_text("g\n")
    assert link_with_lld(options, wasm_ld).action is Action.LINKED
    # What lies beside an object file is nobody's business.
    (tmp_path / "a.imports").write_text("f\n")
    assert link_with_lld(options, wasm_ld).action is Action.UNCHANGED


@pytest.mark.parametrize(
    "change",
    [
        lambda options: replace(options, strip=True),
        lambda options: replace(options, rdynamic=False),
        lambda options: replace(options, lto=True),
        lambda options: replace(options, entry="a"),
        lambda options: replace(options, entry=""),
        lambda options: replace(options, export_symbol_names=("a",)),
        lambda options: replace(options, objects=options.objects[::-1]),
        lambda options: replace(options, objects=options.objects[1:]),
        lambda options: replace(
            options, objects=(options.objects[0]._replace(must_link=True), *options.objects[1:])
        ),
        lambda options: replace(options, link_libc=False, skip_linker_dependencies=True),
        lambda options: replace(options, include_compiler_rt=False),
        lambda options: replace(options, output_name="other.wasm"),
    ],
)
def test_a_changed_option(tmp_path: Path, change: Callable[[LldOptions], LldOptions]) -> None:
    body = 'echo x > "$output.new"; mv "$output.new" "$output"; date >> ' + shlex.quote(
        str(tmp_path / "starts")
    )
    wasm_ld = script(tmp_path, "ld", body)
    options = full_link(tmp_path)
    link_with_lld(options, wasm_ld)
    assert link_with_lld(change(options), wasm_ld).action is Action.LINKED
    assert link_with_lld(change(options), wasm_ld).action is Action.UNCHANGED
    assert link_with_lld(options, wasm_ld).action is Action.LINKED
    assert starts_of(tmp_path) == 3


def test_another_command_line_of_the_same_options(tmp_path: Path) -> None:
    options = small_link(tmp_path)
    wasm_ld = script(tmp_path, "ld", 'echo "$1" > "$output"')
    link_with_lld(options, wasm_ld)
    assert link_with_lld(options, wasm_ld, as_seed=True).action is Action.LINKED
    assert (tmp_path / "out.wasm").read_text() == "-error-limit=0\n"


def test_another_wasm_ld(tmp_path: Path) -> None:
    options = small_link(tmp_path)
    one = script(tmp_path, "one", 'echo 1 > "$output"')
    two = script(tmp_path, "two", 'echo 2 > "$output"')
    link_with_lld(options, one)
    assert link_with_lld(options, two).action is Action.LINKED
    assert link_with_lld(options, (*two, "flag")).action is Action.LINKED
    assert link_with_lld(options, two, linker_version="21").action is Action.LINKED
    assert link_with_lld(options, two, linker_version="22").action is Action.LINKED
    assert link_with_lld(options, two, linker_version="22").action is Action.UNCHANGED
    # A new release under the old name.
    script(tmp_path, "two", 'echo new > "$output"')
    assert link_with_lld(options, two, linker_version="22").action is Action.LINKED
    assert (tmp_path / "out.wasm").read_text() == "new\n"


def test_another_wasm_ld_on_the_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    options = small_link(tmp_path)
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        script(tmp_path / name, "some-wasm-ld", f'echo {name} > "$output"')
    path = os.environ["PATH"]
    monkeypatch.setenv("PATH", f"{tmp_path / 'one'}:{path}")
    link_with_lld(options, ("some-wasm-ld",))
    assert link_with_lld(options, ("some-wasm-ld",)).action is Action.UNCHANGED
    monkeypatch.setenv("PATH", f"{tmp_path / 'two'}:{path}")
    assert link_with_lld(options, ("some-wasm-ld",)).action is Action.LINKED


# The output.


def flip_last_bit(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))


def keep_time_and_size(path: Path) -> None:
    before = path.stat()
    flip_last_bit(path)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def replace_by_a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


@pytest.mark.parametrize(
    "damage",
    [
        Path.unlink,
        lambda path: path.write_bytes(b""),
        lambda path: path.write_bytes(path.read_bytes()[:-1]),
        lambda path: path.write_bytes(path.read_bytes() + b"\0"),
        flip_last_bit,
        keep_time_and_size,
        lambda path: (path.unlink(), path.symlink_to("a.o")),
        lambda path: (path.unlink(), path.symlink_to("nowhere")),
    ],
)
def test_an_output_that_was_changed(tmp_path: Path, damage: Callable[[Path], object]) -> None:
    options, wasm_ld = small_link(tmp_path), counted(tmp_path)
    link_with_lld(options, wasm_ld)
    output = tmp_path / "out.wasm"
    content = output.read_bytes()
    damage(output)
    assert link_with_lld(options, wasm_ld).action is Action.LINKED
    assert output.read_bytes() == content
    assert (tmp_path / "a.o").read_bytes() == object_with("_start")
    assert link_with_lld(options, wasm_ld).action is Action.UNCHANGED


def test_a_folder_in_place_of_the_output(tmp_path: Path) -> None:
    options = small_link(tmp_path)
    link_with_lld(options, WASM_LD)
    replace_by_a_folder(tmp_path / "out.wasm")
    with pytest.raises(ReportedFailure):
        link_with_lld(options, WASM_LD)
    assert not os.path.lexists(tmp_path / "lld.id")


def test_an_output_that_was_copied_and_moved_back(tmp_path: Path) -> None:
    options, wasm_ld = small_link(tmp_path), counted(tmp_path)
    link_with_lld(options, wasm_ld)
    output = tmp_path / "out.wasm"
    content = output.read_bytes()
    output.unlink()
    output.write_bytes(content)
    assert link_with_lld(options, wasm_ld).action is Action.UNCHANGED


def test_another_link_without_the_cache_writes_the_same_output(tmp_path: Path) -> None:
    options, wasm_ld = small_link(tmp_path), counted(tmp_path)
    write_object(tmp_path, "a.o", "_start", "f")
    link_with_lld(options, wasm_ld)
    content = (tmp_path / "out.wasm").read_bytes()
    link_with_lld(replace(options, rdynamic=True), wasm_ld, cache=False)
    assert (tmp_path / "out.wasm").read_bytes() != content
    assert link_with_lld(options, wasm_ld).action is Action.LINKED
    assert (tmp_path / "out.wasm").read_bytes() == content


def test_a_symbolic_link_as_output(tmp_path: Path) -> None:
    options, wasm_ld = small_link(tmp_path), counted(tmp_path)
    target = tmp_path / "target"
    target.write_bytes(b"someone's")
    (tmp_path / "out.wasm").symlink_to(target)
    link_with_lld(options, wasm_ld)
    content = (tmp_path / "out.wasm").read_bytes()
    assert content == linked_anew(options, tmp_path)
    assert link_with_lld(options, wasm_ld).action is Action.UNCHANGED
    # The output is moved and linked to: what counts is what is read at its path.
    (tmp_path / "out.wasm").rename(tmp_path / "moved")
    (tmp_path / "out.wasm").symlink_to("moved")
    assert link_with_lld(options, wasm_ld).action is Action.UNCHANGED
    flip_last_bit(tmp_path / "moved")
    assert link_with_lld(options, wasm_ld).action is Action.LINKED
    assert (tmp_path / "out.wasm").read_bytes() == content


def test_a_device_as_output_is_never_believed(tmp_path: Path) -> None:
    options, wasm_ld = small_link(tmp_path), counted(tmp_path)
    (tmp_path / "out.wasm").symlink_to("/dev/null")
    for _ in range(2):
        result = link_with_lld(options, script(tmp_path, "writes", 'echo x > "$output"'))
        assert result.action is Action.LINKED
        assert result.not_cached == f"{tmp_path / 'out.wasm'} is not a regular file"
    assert starts_of(tmp_path) == 0
    assert not os.path.lexists(tmp_path / "lld.id")
    (tmp_path / "out.wasm").unlink()
    assert link_with_lld(options, wasm_ld).not_cached is None


# The id.


def test_an_id_cut_off_anywhere(tmp_path: Path) -> None:
    options = small_link(tmp_path)
    wasm_ld = script(tmp_path, "ld", 'echo x > "$output.new"; mv "$output.new" "$output"')
    link_with_lld(options, wasm_ld)
    path = tmp_path / "lld.id"
    text = os.readlink(path)  # noqa: PTH115
    for length in (1, 32, 63, 64, 65, 66, 127, 128):
        path.unlink()
        path.symlink_to(text[:length])
        assert link_with_lld(options, wasm_ld).action is Action.LINKED, length
        assert os.readlink(path) == text  # noqa: PTH115


@pytest.mark.parametrize(
    "place",
    [
        lambda path, text: path.symlink_to("x" * 200),
        lambda path, text: path.symlink_to(text.replace("-", "+")),
        lambda path, text: path.symlink_to(text + "-"),
        lambda path, text: path.symlink_to(text[1:] + text[0]),
        lambda path, text: path.symlink_to("-"),
        lambda path, text: path.write_text(text),
        lambda path, text: path.write_bytes(b"\xff\0"),
        lambda path, text: path.symlink_to("a.o"),
        lambda path, text: os.mkfifo(path),
        lambda path, text: None,
    ],
)
def test_a_foreign_file_under_the_ids_name(
    tmp_path: Path, place: Callable[[Path, str], object]
) -> None:
    options, wasm_ld = small_link(tmp_path), counted(tmp_path)
    link_with_lld(options, wasm_ld)
    path = tmp_path / "lld.id"
    text = os.readlink(path)  # noqa: PTH115
    write_object(tmp_path, "a.o", "_start", "f")
    path.unlink()
    place(path, text)
    assert link_with_lld(options, wasm_ld).action is Action.LINKED
    assert link_with_lld(options, wasm_ld).action is Action.UNCHANGED
    assert (tmp_path / "out.wasm").read_bytes() == linked_anew(options, tmp_path)
    assert (tmp_path / "a.o").read_bytes() == object_with("_start", "f")


def test_the_id_of_another_folder(tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    one.mkdir()
    two.mkdir()
    link_with_lld(small_link(one), WASM_LD)
    options = small_link(two)
    (two / "out.wasm").write_bytes((one / "out.wasm").read_bytes())
    (one / "lld.id").rename(two / "lld.id")
    assert link_with_lld(options, WASM_LD).action is Action.LINKED


def test_an_old_id_is_not_there_while_wasm_ld_runs(tmp_path: Path) -> None:
    options = small_link(tmp_path)
    link_with_lld(options, WASM_LD)
    write_object(tmp_path, "a.o", "_start", "f")
    body = f'test -L {shlex.quote(str(tmp_path / "lld.id"))} && exit 9; echo x > "$output"'
    assert link_with_lld(options, script(tmp_path, "looks", body)).action is Action.LINKED


def test_a_failed_link_leaves_nothing_to_believe(tmp_path: Path) -> None:
    options, wasm_ld = small_link(tmp_path), counted(tmp_path)
    link_with_lld(options, wasm_ld)
    with pytest.raises(ReportedFailure):
        link_with_lld(replace(options, entry="nowhere"), wasm_ld)
    assert link_with_lld(options, wasm_ld).action is Action.LINKED


def test_an_id_that_cannot_be_written(tmp_path: Path) -> None:
    # wasm-ld puts a folder in its place: the output is there, the next link is done anew.
    options = small_link(tmp_path)
    where = shlex.quote(str(tmp_path / "lld.id"))
    wasm_ld = script(tmp_path, "ld", f'echo x > "$output"; mkdir {where}')
    result = link_with_lld(options, wasm_ld)
    assert result.action is Action.LINKED
    assert result.not_cached == "Is a directory"
    assert result.warnings == ("failed to save linking hash digest symlink: Is a directory",)
    assert not os.path.lexists(tmp_path / "lld.id.new")


# Inputs that change while they are linked, and inputs that nobody can know.


def test_an_input_changes_during_the_link(tmp_path: Path) -> None:
    options = small_link(tmp_path)
    target = shlex.quote(str(tmp_path / "a.o"))
    source = shlex.quote(write_object(tmp_path, "b.o", "_start", "f"))
    wasm_ld = script(tmp_path, "ld", f'cp {source} {target}; exec {WASM_LD[0]} wasm-ld "$@"')
    result = link_with_lld(options, wasm_ld)
    assert result.not_cached == "an input changed during the link"
    assert not os.path.lexists(tmp_path / "lld.id")
    # Back to what it was when the digest was made: the output is still not of that.
    write_object(tmp_path, "a.o", "_start")
    assert link_with_lld(options, WASM_LD).action is Action.LINKED


def test_an_input_changes_and_changes_back_during_the_link(tmp_path: Path) -> None:
    options = small_link(tmp_path)
    target = shlex.quote(str(tmp_path / "a.o"))
    keep = shlex.quote(write_object(tmp_path, "keep.o", "_start"))
    other = shlex.quote(write_object(tmp_path, "b.o", "_start", "f"))
    body = f'cp {other} {target}; {WASM_LD[0]} wasm-ld "$@"; cp {keep} {target}'
    result = link_with_lld(options, script(tmp_path, "ld", body))
    assert result.not_cached == "an input changed during the link"
    assert link_with_lld(options, WASM_LD).action is Action.LINKED


def test_an_input_goes_during_the_link(tmp_path: Path) -> None:
    options = small_link(tmp_path)
    wasm_ld = script(tmp_path, "ld", f'{WASM_LD[0]} wasm-ld "$@"; rm {options.objects[0].path}')
    assert link_with_lld(options, wasm_ld).not_cached == "an input changed during the link"
    with pytest.raises(InputUnavailable):
        link_with_lld(options, wasm_ld)


def test_wasm_ld_changes_during_the_link(tmp_path: Path) -> None:
    options = small_link(tmp_path)
    wasm_ld = script(tmp_path, "ld", 'echo x > "$output"; echo "# newer" >> "$0"')
    assert link_with_lld(options, wasm_ld).not_cached == "an input changed during the link"


def test_a_response_file_is_not_known_beforehand(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    options, wasm_ld = small_link(tmp_path), counted(tmp_path)
    link_with_lld(options, wasm_ld)
    (tmp_path / "list").write_text("a.o")
    named = replace(options, objects=(LinkObject("@list"),))
    for _ in range(2):
        assert link_with_lld(named, wasm_ld).not_cached == "@list may be a response file"
    (tmp_path / "list2").write_text("_start")
    assert link_with_lld(replace(options, entry="@list2"), wasm_ld).not_cached is not None
    assert not os.path.lexists(tmp_path / "lld.id")


def test_a_path_that_is_an_option(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    options = replace(small_link(tmp_path), objects=(LinkObject("a.o"), LinkObject("--no-entry")))
    write_object(tmp_path, "--no-entry", "never_linked")
    assert link_with_lld(options, WASM_LD).not_cached == "--no-entry is read as an option"


def test_a_pipe_as_input_is_not_waited_for(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    options = replace(small_link(tmp_path), objects=(LinkObject(str(pipe)),))
    wasm_ld = script(tmp_path, "ld", 'echo x > "$output"')
    assert link_with_lld(options, wasm_ld).not_cached == f"{pipe} is not a regular file"


def test_two_outputs_in_one_folder_share_the_id(tmp_path: Path) -> None:
    one, wasm_ld = small_link(tmp_path), counted(tmp_path)
    two = replace(one, output_name="two.wasm")
    for options in (one, two, one):
        assert link_with_lld(options, wasm_ld).action is Action.LINKED
    assert link_with_lld(one, wasm_ld).action is Action.UNCHANGED
