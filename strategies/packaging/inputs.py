"""How the objects of a case reach the linker: files, archives, their order, links with -r first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from linker.format.archive import Member
from linker.format.encode import encode
from linker.format.encode_archive import encode_archive
from linker.format.model import ObjectFile
from strategies.case import InputFile, Prelink
from strategies.choices import Record
from strategies.command_line.options import allows_duplicates
from strategies.packaging.archives import FOLDERS, Library, make_library
from strategies.packaging.stub_libraries import stub_text, stub_words
from strategies.program import Program, Unit

RECORD_BYTES = 48
STEP_OPTIONS = ("", "", "--strip-debug", "-O2", "--strip-all", "-O0", "--no-merge-data-segments")
# Beside one of those; what a link with -r does anyway, and what it adds for later ones to keep.
FURTHER_STEP_OPTIONS = (
    "--no-gc-sections",
    "--emit-relocs",
    "--build-id=fast",
    "--no-demangle",
    "--no-check-features",
    "--print-gc-sections",
    "--merge-data-segments",
    "--export-dynamic",
    "--allow-undefined",
)


@dataclass(slots=True)
class Piece:
    """A part of the command line, which stands by itself.

    Attributes:
        words: the part.
        order: the objects that a linker meets in it, and whether it may leave them.
        again: whether the last link must have it too, where one with -r had it.
    """

    words: list[str]
    order: list[tuple[int, bool]]
    again: bool = False

    @property
    def is_eager(self) -> bool:
        """Whether every object of it is linked, so that it may be linked beforehand."""
        return bool(self.order) and not any(lazy for _, lazy in self.order)


@dataclass(slots=True)
class Packaging:
    """The objects, packed.

    Attributes:
        refusal: message class and reason, where a linker must refuse an input.
    """

    program: Program
    contents: list[bytes]
    files: dict[str, bytes] = field(default_factory=dict)
    pieces: list[Piece] = field(default_factory=list)
    prelinks: list[Prelink] = field(default_factory=list)
    refusal: tuple[str, str] | None = None

    @property
    def input_files(self) -> tuple[InputFile, ...]:
        return tuple(InputFile(name, content) for name, content in self.files.items())

    @property
    def words(self) -> list[str]:
        """The inputs' part of the command line."""
        return [word for piece in self.pieces for word in piece.words]

    @property
    def order(self) -> list[tuple[int, bool]]:
        """Positions of the objects in the order in which a linker meets them; whether lazily."""
        return [entry for piece in self.pieces for entry in piece.order]


def package(program: Program, objects: Sequence[ObjectFile], record: Record) -> Packaging:
    """Pack the objects as the units' fields `package` say, and the groups of the program."""
    packed = Packaging(program, [encode(object_file) for object_file in objects])
    _single_files(packed, objects, record)
    libraries: dict[tuple[str, int], list[int]] = {}
    for unit in program.units:
        if unit.package in ("member", "whole"):
            libraries.setdefault((unit.package, unit.library), []).append(unit.position)
    again: list[Piece] = []
    for (kind, number), positions in libraries.items():
        again += _add_library(packed, kind, number, positions, record)
    if program.has("archives") and record.chance(40):
        thin = program.has("archive-shapes") and record.chance(128)
        packed.files["libempty.a"] = encode_archive([], thin=thin)
        packed.pieces.insert(0, Piece(["libempty.a"], []))
        program.note("input.empty-archive")
    packed.pieces += again
    if program.has("archive-shapes"):
        _repeat_a_file(packed, record)
        _misplace_a_switch(packed, record)
    _add_stub_libraries(packed, record)
    if program.has("steps"):
        _link_in_steps(packed, record)
    return packed


def _single_files(packed: Packaging, objects: Sequence[ObjectFile], record: Record) -> None:
    """Objects that the command line names, those between --start-lib and --end-lib among them."""
    join = packed.program.has("archive-shapes") and record.chance(128)
    last: Piece | None = None
    for unit in packed.program.units:
        if unit.package not in ("plain", "lazy"):
            continue
        lazy = unit.package == "lazy"
        name = objects[unit.position].name
        packed.files[name] = packed.contents[unit.position]
        if lazy and join and last is not None:
            last.words.insert(-1, name)
            last.order.append((unit.position, True))
            packed.program.note("input.lazy-together")
            continue
        words = ["--start-lib", name, "--end-lib"] if lazy else [name]
        piece = Piece(words, [(unit.position, lazy)])
        packed.pieces.append(piece)
        last = piece if lazy else None


# -- archives --------------------------------------------------------------------------------


def _add_library(
    packed: Packaging, kind: str, number: int, positions: Sequence[int], record: Record
) -> list[Piece]:
    """Add an archive of these units; what is to stand at the end of the command line."""
    program = packed.program
    shapes = program.has("archive-shapes")
    searched = program.has("library-search")
    whole = kind == "whole"
    folder = record.pick(FOLDERS) if shapes or searched else ""
    library = Library(f"{folder}lib{kind}{number}.a", whole)
    make_library(
        library,
        positions,
        [unit.builder for unit in program.units],
        packed.contents,
        record,
        shapes,
        program.has("wrong-index"),
        may_refuse=program.refusal is None and packed.refusal is None,
    )
    packed.files |= library.files
    packed.refusal = packed.refusal or library.refusal
    for note in library.notes:
        program.note(note)
    words = [library.path]
    if searched:
        words = _searched(packed, library, folder, f"{kind}{number}", record)
    elif record.chance(40) and not folder:
        words = ["-L.", f"-l{kind}{number}"]
    lazy = Piece(words, [(unit, True) for unit in library.order])
    eager = Piece(
        ["--whole-archive", *words, "--no-whole-archive"],
        [(unit, False) for unit in library.order],
    )
    piece = eager if whole else lazy
    again = []
    if record.chance(48) and not program.groups >= {"comdats", "known-bugs"}:
        # The second time it has nothing to give, unless a group was lost.
        again.append(lazy)
        program.note("archive.twice")
    if shapes and whole and record.chance(32):
        # What waits in it is linked by the time that it is linked as a whole, or not at all.
        packed.pieces.append(lazy)
        program.note("archive.then-whole")
    place = record.byte()
    middle = len(packed.pieces) * place >> 8
    at = middle if shapes else 0 if place & 0x80 else len(packed.pieces)
    packed.pieces.insert(at, piece)
    return again


def _searched(
    packed: Packaging, library: Library, folder: str, name: str, record: Record
) -> list[str]:
    """Name an archive by -l, with folders that do not have it before the one that does, and
    others of its name behind."""
    program = packed.program
    choice = record.byte()
    spelled = (["-L", folder or "."], [f"-L{folder or './'}"], [f"--library-path={folder}."])
    folders = list(spelled[choice % 3])
    if choice >= 96:
        packed.files[f"before.{name}/unrelated.a"] = b"This is no archive.\n"
        folders.insert(0, f"-Lbefore.{name}")
        program.note("search.before")
    if choice & 8:
        packed.files[f"behind.{name}/lib{name}.a"] = b"This is no archive.\n"
        folders.append(f"-Lbehind.{name}")
        program.note("search.behind")
    choice = record.byte()
    words = [f"-l{name}"]
    if choice >= 224:
        words = [f"-l:lib{name}.a"]
        program.note("search.by-file-name")
    elif choice >= 192:
        words = ["-l", name]
    elif choice >= 160:
        words = [f"--library={name}"]
    if choice & 3 == 1:
        # A static link does not look for libx.so, a dynamic one would take it first.
        packed.files[f"{folder}lib{name}.so"] = b"This is no shared library.\n"
        words.insert(0, ("-Bstatic", "-dn", "-static", "-non_shared")[choice >> 2 & 3])
        program.note("search.static")
    elif choice & 3 == 2:
        words = ["-Bdynamic", *words, "-Bstatic"]
        program.note("search.dynamic")
    if record.chance(64):
        # Folders are collected before anything is looked for in them.
        program.note("search.folder-last")
        return words + folders
    return folders + words


def _repeat_a_file(packed: Packaging, record: Record) -> None:
    """Name an object twice: its names are then defined twice, those of groups but once."""
    unit: Unit = packed.program.units[0]
    if packed.program.refusal is not None or packed.refusal is not None:
        return
    if record.chance(16) and not list(unit.builder.comdat_names()):
        packed.pieces.append(Piece([unit.builder.name], [(0, False)]))
        packed.program.note("input.twice")


def _misplace_a_switch(packed: Packaging, record: Record) -> None:
    """A --start-lib in another, or an --end-lib without one."""
    if packed.program.refusal is not None or packed.refusal is not None or not record.chance(8):
        return
    words = ["--end-lib"] if record.chance(128) else ["--start-lib", "--start-lib", "--end-lib"]
    packed.pieces.insert(record.below(len(packed.pieces) + 1), Piece(words, []))
    packed.refusal = ("misplaced-switch", "--start-lib and --end-lib come in pairs, not nested")


def _add_stub_libraries(packed: Packaging, record: Record) -> None:
    """Put the stub libraries anywhere, in order."""
    first = 0
    for number in (0, 1):
        lines = [line for line in packed.program.stub_lines if line.library == number]
        if not lines:
            continue
        words, how = stub_words(
            number, record, bool(packed.program.groups & {"steps", "relocatable"})
        )
        packed.files[f"libstub{number}.so"] = stub_text(lines, record)
        packed.program.note(f"stub.{how}")
        at = first + record.below(len(packed.pieces) - first + 1)
        packed.pieces.insert(at, Piece(words, [], again=True))
        first = at + 1


# -- links with -r before the last one -----------------------------------------------------------


def _link_in_steps(packed: Packaging, record: Record) -> None:
    """Link some of the inputs with -r first, perhaps what came of it again."""
    program = packed.program
    if packed.refusal is not None:
        return
    disallowed = program.refusal is not None and program.refusal[0] == "feature-disallowed"
    if disallowed and not program.has("known-bugs"):
        # wasm-ld 22 -r forgets which features an object disallows.
        return
    if any(slot.thread_local or slot.mismatched for slot in program.slots):
        # wasm-ld wants the definitions of thread-local data and of what is called by different
        # signatures in each link.
        if record.chance(96) and program.has("known-bugs"):
            # Where they are not there, it refuses.
            program.is_vague = True
            program.note("step.thread-local")
            for _ in range(2):
                _link_a_run(packed, record)
        elif all(piece.is_eager or not piece.order for piece in packed.pieces):
            _make_step(packed, 0, len(packed.pieces), record)
            program.note("step.all")
        return
    weak_members = program.has("weak-references") and any(u.is_lazy for u in program.units)
    # A member that was taken for what a lost group defines would be taken a second time.
    once = not (program.has("comdats") and any(u.is_lazy for u in program.units))
    if record.chance(64) and once and (not weak_members or program.has("known-bugs")):
        # Everything; what is still to be taken from archives waits for the last link.
        lazy = [piece for piece in packed.pieces if any(lazy for _, lazy in piece.order)]
        _make_step(packed, 0, len(packed.pieces), record)
        packed.pieces += [Piece(piece.words, piece.order) for piece in lazy]
        program.note("step.all")
    else:
        # wasm-ld 22 miscounts the names of functions that an earlier -r left without a symbol.
        again = record.chance(96) and (not program.has("comdats") or program.has("known-bugs"))
        for _ in range((1, 1, 2, 3)[record.below(4)] if again else 1):
            _link_a_run(packed, record)
    for piece in packed.pieces:
        if len(piece.order) == 1 and piece.words[0] == "--start-lib" and record.chance(128):
            _link_a_member(packed, piece, record)


def _link_a_run(packed: Packaging, record: Record) -> None:
    """Link inputs that stand together and are all linked anyway."""
    starts = [at for at, piece in enumerate(packed.pieces) if piece.is_eager]
    if not starts:
        return
    first = record.pick(starts)
    end = first + 1
    most = 1 + record.below(4)
    while end < len(packed.pieces) and end - first < most and packed.pieces[end].is_eager:
        end += 1
    if any(word.startswith("step") for piece in packed.pieces[first:end] for word in piece.words):
        packed.program.note("step.nested")
    _make_step(packed, first, end, record)
    packed.program.note("step.run")


def _make_step(packed: Packaging, first: int, end: int, record: Record) -> None:
    run = packed.pieces[first:end]
    name = f"step{len(packed.prelinks)}.o"
    words = [word for piece in run for word in piece.words]
    packed.prelinks.append(Prelink((*_step_options(packed.program, record), *words), name))
    made = Piece([name], [entry for piece in run for entry in piece.order])
    packed.pieces[first:end] = [made, *(piece for piece in run if piece.again)]


def _link_a_member(packed: Packaging, piece: Piece, record: Record) -> None:
    """Give a lazy object through -r: it waits as before."""
    name = f"step{len(packed.prelinks)}.o"
    options = _step_options(packed.program, record)
    packed.prelinks.append(Prelink((*options, piece.words[1]), name))
    if record.chance(96):
        # Only a thin archive can hold what is yet to be made; its size there means nothing.
        library = f"lib{name}.a"
        member = Member(name, packed.contents[piece.order[0][0]])
        packed.files[library] = encode_archive([member], thin=True)
        piece.words = [library]
        packed.program.note("step.in-thin-archive")
    else:
        piece.words = ["--start-lib", name, "--end-lib"]
        packed.program.note("step.lazy")


def _step_options(program: Program, record: Record) -> list[str]:
    option = record.pick(STEP_OPTIONS)
    words = ["-r", "--allow-multiple-definition"] if allows_duplicates(program) else ["-r"]
    # With -s the section target_features is lost, which later checks of features need.
    loses = program.uses_mutable_global or any(unit.builder.features for unit in program.units)
    options = [] if not option or (option == "--strip-all" and loses) else [option]
    if record.chance(64):
        options.append(record.pick(FURTHER_STEP_OPTIONS))
    if program.refusal is not None and program.refusal[0] == "feature-disallowed":
        # What a step does not check it forgets.
        options = [option for option in options if option != "--no-check-features"]
    if program.wraps and record.chance(64):
        # Nobody says whether a name is wrapped twice.
        program.is_vague = True
        words.append(f"--wrap={record.pick(program.wraps)}")
        program.note("step.wrap")
    for chosen in options:
        program.note(f"step.option.{chosen.strip('-').split('=')[0]}")
    return [*words, *options]
