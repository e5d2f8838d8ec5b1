"""Demangled names, against a table of what `llvm::demangle` of LLVM 22 gives, and llvm-cxxfilt."""

from __future__ import annotations

import os
import random
import re
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linker.demangle.demangler import demangle
from tests.linker.demangle.mangled_names import GRAMMAR, random_name, spoilt
from tests.tools import require

TABLE = [
    tuple(line.split("\t"))
    for line in (Path(__file__).parent / "data" / "demangled.txt")
    .read_bytes()
    .decode("utf-8", "surrogateescape")
    .splitlines()
]

# A program that uses much of the standard library and of the language.
PROGRAM = r"""
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <variant>
#include <vector>
struct Sink { template <class T> Sink &operator<<(T &&) { return *this; } } sink;
template <class... A> auto pack(A... a) { return [=](auto x, auto... y) { return (a + ... + x); }; }
template <class T> concept Adds = requires(T t) { t + 1; };
template <Adds T> T constrained(T t) { return t; }
template <class T> requires(sizeof(T) > 2) T required(T t) { return t; }
template <class T> auto deduced(T t) -> decltype(t + 1) { return t + 1; }
template <int N, auto V> struct S {
  template <class T> operator T *() { return nullptr; }
  int f() const & { return N; }
  int f() && { return 2; }
};
enum E { e1, e2 };
struct Literal { int a; char b[4]; };
template <Literal L> int literal() { return L.a; }
namespace {
struct Anonymous { virtual ~Anonymous() {} virtual void f() {} };
struct Derived : virtual Anonymous { void f() override; };
void Derived::f() {}
}
struct X : Derived { void f() override { static std::string s = "x"; sink << s; } };
[[gnu::abi_tag("tag")]] int tagged() { return 1; }
int operator""_lit(unsigned long long x) { return x; }
typedef int (*Callback)(int (*)(char), int (&)[3], int X::*);
void pointers(Callback, int (X::*)(int) const, void (*)(...) noexcept) {}
template <class T, int N> void array(T (&a)[N], decltype(sizeof(T)) b) {}
void builtin(int, __int128, char8_t, char16_t, char32_t, wchar_t, long double, _BitInt(7),
             unsigned _BitInt(9), decltype(nullptr)) {}
int main() {
  std::map<std::string, std::vector<int>> m;
  m["a"].push_back(1);
  auto f = pack(1, 2.0, 'c');
  sink << f(1, 2, 3) << constrained(3) << required(4) << deduced(2.0);
  S<3, e2> s;
  int *p = s;
  s.f();
  S<3, &tagged>().f();
  S<1, -5L>().f();
  S<1, 'c'>().f();
  S<1, true>().f();
  sink << literal<Literal{3, "abc"}>();
  X x;
  x.f();
  std::function<int(int)> fn = [&](int q) { return q + 1; };
  std::variant<int, std::string> v = "a";
  std::visit([](auto &&z) { sink << z; }, v);
  int a3[3] = {};
  array<int, 3>(a3, 4);
  std::tuple<int, std::optional<double>, std::shared_ptr<X>> t{1, 2.0, std::make_shared<X>()};
  pointers(nullptr, nullptr, nullptr);
  builtin(1, 1, 1, 1, 1, 1, 1, 1, 1, nullptr);
  return 1_lit;
}
"""


def filtered(names: list[str]) -> list[str]:
    """What llvm-cxxfilt makes of names, of which each must be one of its words."""
    done = subprocess.run(
        [require("llvm-cxxfilt-22")],
        input="\n".join(names) + "\n",
        text=True,
        capture_output=True,
        check=True,
    )
    return done.stdout.splitlines()


def differing(names: list[str]) -> list[tuple[str, str, str]]:
    """The names that we demangle in another way than llvm-cxxfilt, with both texts.

    `llvm::demangle`, other than llvm-cxxfilt, tries again without an underscore in front.
    """
    first = filtered(names)
    second = filtered([name[1:] if name.startswith("_") else name for name in names])
    assert len(first) == len(second) == len(names)
    wrong: list[tuple[str, str, str]] = []
    for name, text, shorter in zip(names, first, second, strict=True):
        again = text == name and name.startswith("_") and shorter != name[1:]
        expected = shorter if again else text
        ours = demangle(name)
        if ours != expected:
            wrong.append((name, expected, ours))
    return wrong


def zig(*arguments: str) -> None:
    subprocess.run([sys.executable, "-m", "ziglang", *arguments], check=True)


@pytest.mark.parametrize(("name", "expected"), TABLE)
def test_table(name: str, expected: str) -> None:
    assert demangle(name) == expected


def test_table_is_what_llvm_says() -> None:
    # llvm-cxxfilt has words of these characters, and knows Mach-O's underscore only on request.
    words = re.compile(r"[A-Za-z0-9_.$]+")
    rows = [
        (name, text)
        for name, text in TABLE
        if words.fullmatch(name) and not name.startswith(("__R", "__D")) and "RTTI" not in text
    ]
    assert len(rows) > 300
    assert [text for _, text in rows] == filtered([name for name, _ in rows])


@pytest.mark.parametrize("seed", range(4))
def test_random_names(seed: int) -> None:
    source = random.Random(seed)
    names = [random_name(source, "mangled", source.choice([3, 4, 5])) for _ in range(1500)]
    names += [random_name(source, "block", 3) for _ in range(50)]
    names += [spoilt(source, source.choice(names), names) for _ in range(1500)]
    names = [name for name in names if len(name) < 1500]
    assert differing(names) == []


def test_random_names_are_mostly_well_formed() -> None:
    source = random.Random(1)
    names = [random_name(source, "mangled", 5) for _ in range(500)]
    assert sum(demangle(name) != name for name in names) > 200
    assert set(GRAMMAR) >= {"type", "expression", "name", "encoding"}


def test_spoilt_names_of_rust_and_d() -> None:
    source = random.Random(3)
    names = [name for name, _ in TABLE if name.startswith(("_R", "_D")) and name.isascii()]
    assert len(names) > 50
    alphabet = "".join(names)
    spoilt_names: list[str] = []
    while len(spoilt_names) < 4000:
        name = source.choice(names)
        at = source.randrange(2, len(name) + 1)
        start = source.randrange(len(alphabet))
        insertion = alphabet[start : start + source.choice([0, 1, 2, 8])]
        spoilt_names.append(name[:at] + insertion + name[at + source.choice([0, 0, 1, 3]) :])
    assert differing(spoilt_names) == []


def undecorated(names: list[str]) -> list[str]:
    """What llvm-undname makes of Microsoft's names: a malformed one is unchanged."""
    done = subprocess.run(
        [require("llvm-undname-22")],
        input="\n".join(names) + "\n",
        text=True,
        capture_output=True,
        check=False,
        encoding="latin-1",
    )
    # Each name, what it means (nothing if it is malformed), and an empty line.
    blocks = done.stdout.split("\n\n")[: len(names)]
    assert len(blocks) == len(names)
    texts: list[str] = []
    for name, block in zip(names, blocks, strict=True):
        head, _, text = block.strip("\n").partition("\n")
        assert head == name
        texts.append(text or name)
    return texts


def test_spoilt_names_of_microsoft() -> None:
    source = random.Random(5)
    names = [name for name, _ in TABLE if name.startswith("?") and name.isascii()]
    assert len(names) > 100
    alphabet = "".join(names)
    made = list(names)
    while len(made) < 4000:
        name = source.choice(names)
        at = source.randrange(1, len(name) + 1)
        start = source.randrange(len(alphabet))
        insertion = alphabet[start : start + source.choice([0, 1, 2, 8])]
        made.append(name[:at] + insertion + name[at + source.choice([0, 0, 1, 3]) :])
    expected = undecorated(made)
    assert sum(text != name for name, text in zip(made, expected, strict=True)) > 1000
    # Bytes of a character set of their own, as in string literals.
    ours = [demangle(name).encode("utf-8", "surrogateescape").decode("latin-1") for name in made]
    wrong = [row for row in zip(made, expected, ours, strict=True) if row[1] != row[2]]
    assert wrong == []


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("program")
    (folder / "program.cpp").write_text(PROGRAM)
    return folder / "program.cpp"


COMPILE = ["c++", "-target", "wasm32-wasi", "-std=c++23", "-O0", "-w", "-fno-exceptions"]


def symbols(*files: Path) -> list[str]:
    command = [require("llvm-nm-22"), "--format=just-symbols", "--no-demangle", *map(str, files)]
    done = subprocess.run(command, text=True, capture_output=True, check=True)
    return sorted(set(re.findall(r"^_\S+$", done.stdout, re.MULTILINE)))


def test_symbols_of_a_program(program: Path) -> None:
    compiled = program.with_suffix(".o")
    zig(*COMPILE, "-c", str(program), "-o", str(compiled))
    names = symbols(compiled)
    assert len(names) > 400
    assert differing(names) == []


@pytest.mark.slow
def test_symbols_of_the_standard_library(program: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Zig builds libc++ for the target and leaves it in its cache.
    cache = os.environ.get("ZIG_GLOBAL_CACHE_DIR") or str(program.parent / "cache")
    monkeypatch.setenv("ZIG_GLOBAL_CACHE_DIR", cache)
    zig(*COMPILE, str(program), "-o", str(program.with_suffix(".wasm")))
    libraries = [*Path(cache).glob("o/*/libc++.a"), *Path(cache).glob("o/*/libc++abi.a")]
    names = symbols(*libraries)
    assert len(names) > 2000
    assert differing(names) == []


@pytest.mark.parametrize(
    "name",
    [
        "",
        "main",
        "_",
        "__",
        ".",
        "_Z",
        "_R",
        "_D",
        "__wasm_call_ctors",
        "Z3foov",
        "_start",
        "\udcff",
    ],
)
def test_other_names_are_unchanged(name: str) -> None:
    assert demangle(name) == name


@given(st.text(max_size=40))
def test_any_text(text: str) -> None:
    assert isinstance(demangle("_Z" + text), str)
    assert isinstance(demangle("_R" + text), str)
    assert isinstance(demangle("_D" + text), str)


def test_lone_surrogate() -> None:
    # Not what surrogateescape makes of any bytes.
    assert demangle("_Z3foov\ud800") == "_Z3foov\ud800"


def test_text_ends_at_nul() -> None:
    assert demangle("_Z3f\0ov") == "f"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("_Z1f" + "P" * 2000 + "i", "f(int" + "*" * 2000 + ")"),
        ("_Z1fIX" + "ng" * 2000 + "Li1EEEvv", "void f<" + "-(" * 1999 + "-1" + ")" * 1999 + ">()"),
        ("_Z1fI" + "1aI" * 1000 + "i" + "E" * 1000 + "Evv", None),
        ("_RINvC1a1b" + "R" * 498 + "hE", "a::b::<" + "&" * 498 + "u8>"),
    ],
)
def test_deep_names(name: str, expected: str | None) -> None:
    limit = sys.getrecursionlimit()
    if expected is None:
        expected = "void f<" + "a<" * 1000 + "int" + ">" * 1000 + ">()"
    assert demangle(name) == expected
    assert sys.getrecursionlimit() == limit


@pytest.mark.parametrize("length", [5000, 200_000])
@pytest.mark.parametrize(
    "part", ["P", "1aI", "N1a", "J", "Xng", "ZN", "Ul", "F", "T_", "S_", "5", "n"]
)
def test_too_deep_names_are_unchanged(part: str, length: int) -> None:
    name = "_Z1fI" + part * length
    assert demangle(name) == name


def exponential(levels: int) -> str:
    """A name of which each level has twice the text of the one before."""
    digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    return "_Z1f1aIiiE" + "".join(f"S_IS{digits[i]}_S{digits[i]}_E" for i in range(levels))


def test_exponential_names_have_a_limit() -> None:
    assert len(demangle(exponential(10))) > 30_000
    start = time.process_time()
    assert demangle(exponential(30)) == exponential(30)
    empty = "_Z1fIJEEv1aIDpT_E" + exponential(30)[10:]
    demangle(empty)
    assert time.process_time() - start < 20


def test_threads() -> None:
    # The limit of recursion is the process's; raising it must not get in another thread's way.
    name, expected = "_Z1f" + "P" * 2000 + "i", "f(int" + "*" * 2000 + ")"
    wrong: list[str] = []

    def work() -> None:
        for _ in range(10):
            if (text := demangle(name)) != expected:
                wrong.append(text)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_name_section_of_wasm_ld(tmp_path: Path) -> None:
    names = [
        "_Z3foov",
        "__Z3barv",
        "_RNvC1a1b",
        "__RNvC1a1c",
        "_D3foo3bari",
        "._Z3bazi",
        "_Z9z",
        "z",
    ]
    text = "".join(
        f'.section .text.{index},"",@\n.globl {name}\n.type {name},@function\n'
        f"{name}:\n.functype {name} () -> ()\nend_function\n"
        for index, name in enumerate(names)
    )
    compiled = tmp_path / "names.o"
    command = [require("llvm-mc-22"), "-triple=wasm32", "-filetype=obj", "-o", str(compiled)]
    subprocess.run(command, input=text, text=True, check=True)
    linked = tmp_path / "names.wasm"
    zig("wasm-ld", "--no-entry", "--export-all", str(compiled), "-o", str(linked))
    module = linked.read_bytes()
    functions = module[module.rindex(b"\x04name") :]
    for name in names:
        # A name section has the length in front of each name.
        expected = demangle(name).encode()
        assert bytes([len(expected)]) + expected in functions, name
