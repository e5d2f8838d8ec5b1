"""What the demanglers of earlier releases of LLVM do not know, and their wasm-lds beside ours."""

from __future__ import annotations

import random
import re
import subprocess
from pathlib import Path

import pytest

from linker.demangle import history
from linker.demangle.demangler import demangle
from linker.demangle.history import BROUGHT_BY, unknown_to
from linker.quirks.dialects import DIALECTS
from linker.quirks.lld_past import OLDEST_LLD
from tests.linker.assemble import assemble
from tests.linker.demangle.mangled_names import random_name, spoilt
from tests.linker.demangle.test_demangle import TABLE
from tests.linker.linked import Linked
from tests.linker.objects import function
from tests.linker.releases import release

# What is added in a release: a name, what is shown with it, and without it.
SHOWN = [
    (history.TAGGED_CONSTRUCTORS, "_ZN1AB3tagD1Ev", "A[abi:tag]::~A()", "A[abi:tag]::~()"),
    (history.DOT_IN_FRONT, "._Z1fv", ".f()", "._Z1fv"),
    (history.DECLARED_ARGUMENTS, "_Z1fITnDaLi3EEvv", "void f<3>()", "_Z1fITnDaLi3EEvv"),
    (history.EARLIER_ARGUMENTS, "_Z1fIiT_Evv", "void f<int, int>()", "_Z1fIiT_Evv"),
    (history.LOCAL_PARAMETERS, "_ZZ1fvE1gIiET_S0_", "_ZZ1fvE1gIiET_S0_", "int f()::g<int>(int)"),
    (
        history.VOID_LAMBDAS,
        "_ZNK1aMUlvsE_clEv",
        "_ZNK1aMUlvsE_clEv",
        "a::'lambda'(void, short)::operator()() const",
    ),
    (history.CONSTRAINTS, "_Z1fIiEvvQtr", "void f<int>() requires throw", "_Z1fIiEvvQtr"),
    (
        history.CONSTRAINTS,
        "_ZN1fMUlTk1CT_E_clEv",
        "f::'lambda'<C $T>($T)::operator()()",
        "_ZN1fMUlTk1CT_E_clEv",
    ),
    (history.CONSTRAINED_AUTO, "_Z1fDk1C", "f(C auto)", "_Z1fDk1C"),
    (history.EXPLICIT_OBJECTS, "_ZNH1A1fES_i", "A::f(this A, int)", "_ZNH1A1fES_i"),
    (history.FRIENDS, "_ZN1AF1fEv", "A::friend f()", "_ZN1AF1fEv"),
    (history.VENDOR_ARGUMENTS, "_Z1fu3abcIiE", "f(abc(int))", "_Z1fu3abcIiE"),
    (history.LOWER_CASE_FLOATS, "_Z1fILf40490FDBEE", "_Z1fILf40490FDBEE", "f<0x1.93df76p+1f>"),
    (
        history.MICROSOFT_DEDUCED_ARGUMENTS,
        "??$m@$MH0A@@@YAXXZ",
        "void __cdecl m<0>(void)",
        "??$m@$MH0A@@@YAXXZ",
    ),
    (history.TWO_UNDERSCORES, "___Z1fi", "f(int)", "___Z1fi"),
    (
        history.TEMPLATE_SUBSTITUTIONS,
        "_Z1fI1AEvT_IiES1_",
        "void f<A>(A<int>, A)",
        "void f<A>(A<int>, A<int>)",
    ),
    (history.FIXED_POINT, "_Z1fDSDAi", "f(_Sat _Accum)", "_Z1fDSDAi"),
    (history.BFLOAT16, "_Z1fDF16b", "f(std::bfloat16_t)", "_Z1fDF16b"),
    (history.ENCLOSED_CALLS, "_Z1fIXcp1gEEEvv", "void f<(g)()>()", "_Z1fIXcp1gEEEvv"),
    (
        history.CHARACTER_LISTS,
        "_Z1fIXtlA2_cLc97ELc0EEEEvv",
        'void f<"a\\0">()',
        "void f<char [2]{(char)97, (char)0}>()",
    ),
    (history.MICROSOFT_AUTO, "?f@@YA_PXZ", "auto __cdecl f(void)", "?f@@YA_PXZ"),
    (history.BIT_INT_SUBSTITUTIONS, "_Z1fDB7_S_", "f(_BitInt(7), _BitInt(7))", "_Z1fDB7_S_"),
    (history.MEMBER_POINTER_OPERATORS, "_ZN1apmEi", "a::operator->*(int)", "_ZN1apmEi"),
    (
        history.MICROSOFT_AUTHENTICATION,
        "?f@@YAXPE__ptrauthB@A@BCNC@AH@Z",
        "void __cdecl f(int *__ptrauth(1, 0, 4818))",
        "?f@@YAXPE__ptrauthB@A@BCNC@AH@Z",
    ),
    (
        history.MICROSOFT_STRING_SIZES,
        "??_C@_13IMODFHAA@?$AA?H$AA?$AA@",
        "??_C@_13IMODFHAA@?$AA?H$AA?$AA@",
        'L"\\xC8\\x4100"',
    ),
    (
        history.TEMPLATE_DEPTH,
        "_Z1fIiEDTgtT_Li2EEv",
        "decltype((int > 2)) f<int>()",
        "decltype(int > 2) f<int>()",
    ),
    (
        history.MICROSOFT_TABLE_PATHS,
        "??_7A@@6BC@@E@F@@@",
        "const A::`vftable'{for `C's `F::E'}",
        "const A::`vftable'{for `C'}",
    ),
]
# A name that one release demangles and wasm-ld takes for something of its own.
_RESERVED = re.compile(r"__indirect_function_table|__stack_pointer|__main_argc_argv")
# printf("%a") is the C library's: it differs between builds of wasm-ld, not between releases.
_C_LIBRARY_FLOAT = re.compile(r"e[0-9a-fA-F]{20}|[fd]0{6,15}")


@pytest.mark.parametrize(("feature", "name", "text", "without"), SHOWN)
def test_without_a_feature(feature: str, name: str, text: str, without: str) -> None:
    assert demangle(name) == text
    assert demangle(name, frozenset({feature})) == without


def test_every_feature_has_its_example() -> None:
    known = [feature for features in BROUGHT_BY.values() for feature in features]
    assert set(known) == {feature for feature, *_ in SHOWN}
    assert len(known) == len(set(known))


def test_the_newest_dialect_knows_all() -> None:
    assert not unknown_to(DIALECTS["standard"])
    assert not unknown_to(DIALECTS["lld-22"])
    everything = {feature for features in BROUGHT_BY.values() for feature in features}
    assert unknown_to(DIALECTS[f"lld-{OLDEST_LLD}"]) == everything


def names_to_ask() -> list[str]:
    source = random.Random(1)
    names = [random_name(source, "mangled", source.choice([3, 4, 5])) for _ in range(1500)]
    names += [spoilt(source, source.choice(names), names) for _ in range(500)]
    names = [name for name in names if len(name) < 600]
    names += [name for name, *_ in TABLE] + [name for _, name, *_ in SHOWN]
    return [
        name
        for name in dict.fromkeys(names)
        if name.isascii() and not _RESERVED.search(name) and not _C_LIBRARY_FLOAT.search(name)
    ]


@pytest.mark.parametrize("number", range(OLDEST_LLD, 23))
def test_names_in_the_name_section_of_a_release(number: int, tmp_path: Path) -> None:
    names = names_to_ask()
    (tmp_path / "a.o").write_bytes(assemble(*(function(name) for name in names)))
    wasm_ld = release(number)
    command = [*wasm_ld.command, "--no-entry", "--no-gc-sections", "a.o", "-o", "out.wasm"]
    variables = dict(wasm_ld.environment(tmp_path)) | {"HOME": str(tmp_path)}
    subprocess.run(command, cwd=tmp_path, env=variables, check=True)
    shown = Linked((tmp_path / "out.wasm").read_bytes()).functions
    assert len(shown) == len(names) + 1
    unknown = unknown_to(DIALECTS[f"lld-{number}"])
    differing = [
        (name, theirs, ours)
        for name, theirs in zip(names, shown[1:], strict=True)
        if (ours := demangle(name, unknown)) != theirs
    ]
    assert differing == []
