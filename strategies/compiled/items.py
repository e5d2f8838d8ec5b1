"""Pieces of C and C++ programs whose answers are known: each is spread over translation units.

Names that cross units have C linkage, so that a unit may be C or C++. The optimisers see one
unit at a time: what another unit defines stays a relocation.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from strategies.choices import Record

SYMBOL_TABLE = "Linking.md, Symbol Table"
INIT_FUNCTIONS = "Linking.md, Start Section"
COMDATS = "Linking.md, COMDATs"
START_STOP = "unspecified"
PRELUDE = """\
#ifdef __cplusplus
#define C_API extern "C"
#else
#define C_API extern
#endif
typedef int (*function)(int);
"""
_MOST_LOGGED = 32


@dataclass
class Source:
    """A translation unit: its text, whether it is C++, and whether it may be compiled with -g."""

    number: int
    is_cxx: bool
    lines: list[str] = field(default_factory=list)
    has_debug: bool = True

    def add(self, text: str) -> None:
        self.lines.append(text)

    @property
    def text(self) -> str:
        return PRELUDE + "\n".join(self.lines) + "\n"


@dataclass(frozen=True)
class Answer:
    """What calling an export returns, and which host functions it calls."""

    export: str
    value: int
    rule: str
    calls: tuple[str, ...] = ()


@dataclass
class Sources:
    """A program as text. `constructors` are pairs of priority and identity."""

    units: list[Source]
    features: frozenset[str]
    answers: list[Answer] = field(default_factory=list)
    constructors: list[tuple[int, int]] = field(default_factory=list)
    notes: Counter[str] = field(default_factory=Counter)

    def probe(
        self, unit: Source, number: int, value: int, body: str, *,
        rule: str = SYMBOL_TABLE, type: str = "int", calls: tuple[str, ...] = (),
    ) -> None:  # fmt: skip
        """An exported function whose result is known."""
        name = f"probe_{number}"
        exported = f'__attribute__((export_name("{name}")))'
        unit.add(f"{exported} C_API {type} {name}(void) {{ {body} }}")
        self.answers.append(Answer(name, value, rule, calls))


Item = Callable[[Sources, Record, int, Source, Source], None]


def _call(sources: Sources, record: Record, n: int, home: Source, user: Source) -> None:
    a, b, c = record.byte(), record.byte(), record.byte()
    marks = record.pick(
        ("", '__attribute__((visibility("hidden")))', "__attribute__((noinline))",
         '__attribute__((visibility("default")))', f'__attribute__((section("text_{n}")))'),
    )  # fmt: skip
    home.add(f"{marks} C_API int call_{n}(int x) {{ return x * {a} + {b}; }}")
    if user is not home:
        user.add(f"C_API int call_{n}(int);")
    sources.probe(user, n, c * a + b, f"return call_{n}({c});")


def _weak(sources: Sources, record: Record, n: int, home: Source, user: Source) -> None:
    a, b = record.byte(), record.byte()
    home.add(f"__attribute__((weak)) C_API int weak_{n}(void) {{ return {a}; }}")
    home.add(f"C_API int (*view_{n}(void))(void) {{ return weak_{n}; }}")
    if user is not home:
        user.add(f"C_API int weak_{n}(void) {{ return {b}; }}")
        user.add(f"C_API int (*view_{n}(void))(void);")
    value = a if user is home else b
    sources.probe(user, n, 2 * value + 1, f"return 2 * weak_{n}() + (view_{n}() == weak_{n});")


def _weak_data(sources: Sources, record: Record, n: int, home: Source, user: Source) -> None:
    a, b = record.byte(), record.byte()
    home.add(f"__attribute__((weak)) C_API int weak_{n}[2] = {{{a}, 1}};")
    home.add(f"C_API int *view_{n}(void) {{ return weak_{n}; }}")
    if user is not home:
        user.add(f"C_API int weak_{n}[2] = {{{b}, 2}}; C_API int *view_{n}(void);")
    value = a + 1 if user is home else b + 2
    sources.probe(user, n, value, f"int *view = view_{n}(); return view[0] + weak_{n}[1];")


def _structure(sources: Sources, record: Record, n: int, home: Source, user: Source) -> None:
    a, b, c = record.byte(), record.byte(), record.byte()
    kind = f"struct part_{n} {{ char tag; int *middle; function apply; const char *name; }}"
    text = record.pick(("some text", "text", "", "\\0zero", "some other text"))
    home.add(f"{kind}; static int apply_{n}(int x) {{ return x + {a}; }}")
    home.add(f"C_API int array_{n}[6] = {{1, 2, 3, {b}, 5, 6}};")
    home.add(
        f"C_API struct part_{n} part_{n} = {{{c & 127}, array_{n} + 3, apply_{n}, {_c(text)}}};"
    )
    if user is not home:
        user.add(f"{kind}; C_API struct part_{n} part_{n};")
    first = 0 if not text or text.startswith("\\") else ord(text[0])
    sources.probe(
        user, n, (c & 127) + b + 10 + a + first,
        f"return part_{n}.tag + *part_{n}.middle + part_{n}.apply(10) + part_{n}.name[0];",
    )  # fmt: skip


def _c(text: str) -> str:
    return f'"{text}"'


def _strings(sources: Sources, record: Record, n: int, home: Source, user: Source) -> None:
    number = record.byte() & 7
    texts = [f"text {number}", f"a longer text {number}"]
    home.add(f"C_API const char *text_{n}(void) {{ return {_c(texts[0])}; }}")
    if user is not home:
        user.add(f"C_API const char *text_{n}(void);")
    sources.probe(
        user, n, sum(map(ord, texts[0] + texts[1])),
        f"const char *both[] = {{text_{n}(), {_c(texts[1])}}}; int sum = 0;"
        " for (int i = 0; i < 2; i++) for (const char *at = both[i]; *at; at++) sum += *at;"
        " return sum;",
    )  # fmt: skip


def _switch(sources: Sources, record: Record, n: int, home: Source, user: Source) -> None:
    values = [record.byte() for _ in range(5)]
    chosen = record.below(5)
    cases = " ".join(f"case {i}: return target_{n}({v});" for i, v in enumerate(values))
    home.add(f"__attribute__((noinline)) static int target_{n}(int x) {{ return x + 1; }}")
    home.add(f"C_API int switch_{n}(int x) {{ switch (x) {{ {cases} default: return -1; }} }}")
    if user is not home:
        user.add(f"C_API int switch_{n}(int);")
    sources.probe(user, n, values[chosen] + 1 - 1, f"return switch_{n}({chosen}) + switch_{n}(9);")


def _constructor(sources: Sources, record: Record, n: int, home: Source, user: Source) -> None:
    # Distinct priorities, so that the order is known.
    priority = 101 + (record.byte() * 97 + n * 131) % 60000
    if any(priority == known for known, _ in sources.constructors):
        priority = 60200 + n
    sources.constructors.append((priority, n + 1))
    home.add(
        f"C_API void logged(int); __attribute__((constructor({priority})))"
        f" static void construct_{n}(void) {{ logged({n + 1}); }}"
    )


def _varargs(sources: Sources, record: Record, n: int, home: Source, user: Source) -> None:
    values = [record.byte() for _ in range(4)]
    home.add(
        f"C_API int sum_{n}(int count, ...) {{ __builtin_va_list list; int sum = 0;"
        " __builtin_va_start(list, count);"
        " while (count--) sum += __builtin_va_arg(list, int);"
        " __builtin_va_end(list); return sum; }"
    )
    if user is not home:
        user.add(f"C_API int sum_{n}(int, ...);")
    words = ", ".join(map(str, values))
    sources.probe(user, n, sum(values), f"return sum_{n}(4, {words});")


def _wide(sources: Sources, record: Record, n: int, home: Source, user: Source) -> None:
    a, b = record.byte() << 33, record.byte()
    home.add(f"C_API long long wide_{n} = {a}; C_API double factor_{n} = 1.5;")
    home.add(
        f"C_API long long wider_{n}(long long x, double y)"
        f" {{ return x + wide_{n} + (long long)(y * factor_{n}); }}"
    )
    if user is not home:
        user.add(f"C_API long long wide_{n}; C_API long long wider_{n}(long long, double);")
    value = b + a + 6 + (a >> 1)
    body = f"return wider_{n}({b}, 4.0) + wide_{n} / 2;"
    sources.probe(user, n, value, body, type="long long")


def _section(sources: Sources, record: Record, n: int, home: Source, user: Source) -> None:
    a, b = record.byte(), record.byte()
    mark = f'__attribute__((section("set_{n}"), used))'
    home.add(f"{mark} static int first_{n} = {a};")
    user.add(f"{mark} static int second_{n}[2] = {{{b}, 1}};")
    user.add(f"C_API int __start_set_{n}[], __stop_set_{n}[];")
    sources.probe(
        user, n, a + b + 1,
        f"int sum = 0; for (int *at = __start_set_{n}; at < __stop_set_{n}; at++) sum += *at;"
        " return sum;", rule=START_STOP,
    )  # fmt: skip


def _alias(sources: Sources, record: Record, n: int, home: Source, user: Source) -> None:
    a = record.byte()
    weak = record.pick(("", ", weak"))
    home.add(f"C_API int original_{n}(int x) {{ return x + {a}; }}")
    home.add(f'C_API int alias_{n}(int) __attribute__((alias("original_{n}"){weak}));')
    home.add(f"C_API int value_{n}[2] = {{{a}, 2}};")
    home.add(f'C_API int same_value_{n}[2] __attribute__((alias("value_{n}"){weak}));')
    if user is not home:
        user.add(f"C_API int original_{n}(int); C_API int alias_{n}(int);")
        user.add(f"C_API int same_value_{n}[2];")
    sources.probe(
        user, n, 7 + a + 1 + a,
        f"volatile function views[2] = {{alias_{n}, original_{n}}};"
        f" return views[0](7) + (views[0] == views[1]) + same_value_{n}[0];",
    )  # fmt: skip


def _thread_local(sources: Sources, record: Record, n: int, home: Source, user: Source) -> None:
    a = record.byte()
    home.add(f"C_API __thread int own_{n} = {a}; static __thread int zero_{n}[3];")
    home.add(f"C_API int *zeroes_{n}(void) {{ return zero_{n}; }}")
    if user is not home:
        user.add(f"C_API __thread int own_{n}; C_API int *zeroes_{n}(void);")
    sources.probe(user, n, a, f"return own_{n} + zeroes_{n}()[2];")


def _nowhere(sources: Sources, record: Record, n: int, home: Source, user: Source) -> None:
    for unit in {home.number: home, user.number: user}.values():
        unit.add(f"__attribute__((weak)) C_API int nowhere_{n}(void);")
        unit.add(f"__attribute__((weak)) C_API int no_data_{n};")
    home.add(f"C_API int found_{n}(void) {{ return nowhere_{n} ? nowhere_{n}() : 5; }}")
    if user is not home:
        user.add(f"C_API int found_{n}(void);")
    sources.probe(user, n, 5, f"return found_{n}() + (&no_data_{n} ? 2 : 0);")


def _host(sources: Sources, record: Record, n: int, home: Source, user: Source) -> None:
    module = record.pick(("host", "env"))
    imported = f'__attribute__((import_module("{module}"), import_name("hit_{n}")))'
    home.add(f"{imported} C_API void hit_{n}(int);")
    home.add(f"C_API int hitting_{n}(int x) {{ hit_{n}(x); hit_{n}(2); return x + 1; }}")
    if user is not home:
        user.add(f"C_API int hitting_{n}(int);")
    calls = (f"{module}.hit_{n}",) * 2
    sources.probe(user, n, 9, f"return hitting_{n}(8);", calls=calls)


def _aligned(sources: Sources, record: Record, n: int, home: Source, user: Source) -> None:
    alignment = 1 << record.below(9)
    size = 1 + record.byte() * record.pick((1, 1, 50))
    first = record.byte() & 1
    mark = f"__attribute__((aligned({alignment})))"
    home.add(f"{mark} C_API char buffer_{n}[{size}] = {{{first}}};")
    # Another unit does not know the alignment.
    if user is not home:
        user.add(f"C_API char buffer_{n}[];")
    body = f"volatile unsigned long at = (unsigned long)buffer_{n}; return at % {alignment}"
    sources.probe(user, n, first, f"{body} + buffer_{n}[0];")


def _copies(sources: Sources, record: Record, n: int, home: Source, user: Source) -> None:
    a = record.byte()
    kind = f"struct big_{n} {{ int v[24]; }}"
    home.add(f"{kind}; C_API struct big_{n} big_{n}(struct big_{n} b)")
    home.add(f"{{ b.v[5] += {a}; return b; }}")
    if user is not home:
        user.add(f"{kind}; C_API struct big_{n} big_{n}(struct big_{n});")
    sources.probe(
        user, n, 2 * a + 3,
        f"struct big_{n} b = {{{{0, 0, 3}}}}; b = big_{n}(big_{n}(b)); return b.v[5] + b.v[2];",
    )  # fmt: skip


def _table(sources: Sources, record: Record, n: int, home: Source, user: Source) -> None:
    a, b, chosen = record.byte(), record.byte(), record.below(3)
    home.add(f"static int one_{n}(int x) {{ return x + {a}; }}")
    home.add(f"C_API int two_{n}(int x) {{ return x * {b}; }}")
    home.add(f"C_API const function table_{n}[3] = {{one_{n}, two_{n}, one_{n}}};")
    if user is not home:
        user.add(f"C_API int two_{n}(int); C_API const function table_{n}[3];")
    value = (5 * b if chosen == 1 else 5 + a) + (chosen == 1)
    body = f"return table_{n}[{chosen}](5) + (table_{n}[{chosen}] == two_{n});"
    sources.probe(user, n, value, body)


def _before(sources: Sources, record: Record, n: int, home: Source, user: Source) -> None:
    a = record.byte()
    home.add(f"C_API int after_{n}[4] = {{1, {a}, 3, 4}}; C_API int *before_{n} = &after_{n}[-3];")
    if user is not home:
        user.add(f"C_API int after_{n}[4]; C_API int *before_{n};")
    sources.probe(user, n, a + 3, f"return before_{n}[4] + (int)(&after_{n}[0] - before_{n});")


def _simd(sources: Sources, record: Record, n: int, home: Source, user: Source) -> None:
    a = record.byte()
    kind = f"typedef int four_{n} __attribute__((vector_size(16)))"
    home.add(f"{kind}; C_API four_{n} four_{n}_value = {{1, 2, 3, {a}}};")
    home.add(f"C_API void times_{n}(int x) {{ four_{n}_value *= x; }}")
    home.add(f"C_API int lane_{n}(int x)")
    home.add(f"{{ four_{n} y = four_{n}_value * x; return y[3] + y[0]; }}")
    if user is not home:
        user.add(f"C_API int lane_{n}(int);")
    sources.probe(user, n, 3 * (a + 1), f"return lane_{n}(3);")


def _tail_call(sources: Sources, record: Record, n: int, home: Source, user: Source) -> None:
    a = record.byte()
    user.add(f"C_API int end_{n}(int x) {{ return x + {a}; }}")
    if home is not user:
        home.add(f"C_API int end_{n}(int);")
    home.add(f"static const function ends_{n}[1] = {{end_{n}}};")
    home.add(f"C_API int tail_{n}(int x) {{ __attribute__((musttail)) return end_{n}(x + 1); }}")
    home.add(
        f"C_API int far_tail_{n}(int x) {{ __attribute__((musttail)) return ends_{n}[0](x + 2); }}"
    )
    if home is not user:
        user.add(f"C_API int tail_{n}(int); C_API int far_tail_{n}(int);")
    sources.probe(user, n, 23 + 2 * a, f"return tail_{n}(10) + far_tail_{n}(10);")


def _reference_table(sources: Sources, record: Record, n: int, home: Source, user: Source) -> None:
    # clang's debug information takes a table for data: no linker reads it.
    home.has_debug = False
    home.add(f"static __externref_t slots_{n}[0];")
    home.add(f"C_API int size_{n}(void) {{ return __builtin_wasm_table_size(slots_{n}); }}")
    if user is not home:
        user.add(f"C_API int size_{n}(void);")
    sources.probe(user, n, 4, f"return size_{n}() + 4;")


def _throws(sources: Sources, record: Record, n: int, home: Source, user: Source) -> None:
    home.add(
        f"C_API int thrower_{n}(int x)"
        " { if (x > 100) __builtin_wasm_throw(0, (void *)8); return x + 1; }"
    )
    if user is not home:
        user.add(f"C_API int thrower_{n}(int);")
    sources.probe(user, n, 8, f"return thrower_{n}(7);")


# -- C++ ------------------------------------------------------------------------------------


def _inline(sources: Sources, record: Record, n: int, home: Source, user: Source) -> None:
    a = record.byte()
    text = (
        f"inline int *inline_{n}(int x) {{ static int values[3] = {{1, {a}, 3}};"
        " return values + x; }"
        f" inline int variable_{n} = {a}; template <int N> int times_{n}(int x)"
        " { static int calls = N; return x * calls; }"
    )
    for unit in {home.number: home, user.number: user}.values():
        unit.add(text)
    home.add(f"C_API int *address_{n}(void) {{ return inline_{n}(1); }}")
    home.add(f"C_API int product_{n}(void) {{ return times_{n}<3>(variable_{n}); }}")
    if user is not home:
        user.add(f"C_API int *address_{n}(void); C_API int product_{n}(void);")
    sources.probe(
        user, n, a + 1 + 3 * a + 6,
        f"int *own = inline_{n}(1); return *own + (own == address_{n}()) + product_{n}()"
        f" + times_{n}<3>(2);", rule=COMDATS,
    )  # fmt: skip


def _virtual(sources: Sources, record: Record, n: int, home: Source, user: Source) -> None:
    a = record.byte()
    text = (
        f"struct base_{n} {{ virtual int area() {{ return 1; }}"
        " virtual int name() { return 0; } };"
        f" struct derived_{n} : base_{n} {{ int side; derived_{n}(int x) : side(x) {{}}"
        f" int area() override {{ return side * side; }} int name() override {{ return {a}; }} }};"
    )
    for unit in {home.number: home, user.number: user}.values():
        unit.add(text)
    home.add(f"static derived_{n} object_{n}(4); base_{n} *pointer_{n} = &object_{n};")
    if user is not home:
        user.add(f"extern base_{n} *pointer_{n};")
    sources.probe(
        user, n, 16 + a + 9,
        f"derived_{n} own(3); base_{n} *volatile seen = &own;"
        f" return pointer_{n}->area() + pointer_{n}->name() + seen->area();",
        rule=INIT_FUNCTIONS,
    )  # fmt: skip


def _dynamic(sources: Sources, record: Record, n: int, home: Source, user: Source) -> None:
    a = record.byte()
    user.add(f"C_API int start_{n}(int x) {{ return x + {a}; }}")
    if home is not user:
        home.add(f"C_API int start_{n}(int);")
    home.add(f"int started_{n} = start_{n}(3); C_API int get_{n}(void) {{ return started_{n}; }}")
    if home is not user:
        user.add(f"C_API int get_{n}(void);")
    sources.probe(user, n, 3 + a, f"return get_{n}();", rule=INIT_FUNCTIONS)


# A table of a unit is no C++.
C_ITEMS = frozenset(["reference-table"])
ITEMS: dict[str, Item] = {
    "call": _call,
    "weak": _weak,
    "weak-data": _weak_data,
    "structure": _structure,
    "strings": _strings,
    "switch": _switch,
    "constructor": _constructor,
    "varargs": _varargs,
    "wide": _wide,
    "section": _section,
    "alias": _alias,
    "thread-local": _thread_local,
    "weak-undefined": _nowhere,
    "host": _host,
    "aligned": _aligned,
    "copies": _copies,
    "function-table": _table,
    "before-start": _before,
}
FEATURE_ITEMS: dict[str, tuple[str, Item]] = {
    "simd128": ("vector", _simd),
    "tail_call": ("tail-call", _tail_call),
    "reference_types": ("reference-table", _reference_table),
    "exception_handling": ("throw", _throws),
}
CXX_ITEMS: dict[str, Item] = {"inline": _inline, "virtual": _virtual, "dynamic": _dynamic}

# What compilers refer to without being asked, and the log of constructors. As volatile, no
# optimiser takes the loops for calls of themselves, nor runs a constructor beforehand.
SUPPORT = f"""
__attribute__((weak)) C_API void *memcpy(void *to, const void *from, unsigned long size) {{
    volatile char *at = (volatile char *)to; const char *read = (const char *)from;
    while (size--) *at++ = *read++;
    return to;
}}
__attribute__((weak)) C_API void *memset(void *to, int value, unsigned long size) {{
    volatile char *at = (volatile char *)to;
    while (size--) *at++ = (char)value;
    return to;
}}
C_API volatile int log_count = 0; C_API volatile int log_values[{_MOST_LOGGED}] = {{0}};
C_API void logged(int identity) {{
    if (log_count < {_MOST_LOGGED}) log_values[log_count++] = identity;
}}
"""
# The tag that `__builtin_wasm_throw` names: no library defines it here.
THROW_SUPPORT = """
__asm__(".globl __cpp_exception\\n.tagtype __cpp_exception i32\\n__cpp_exception:\\n");
"""


def add_log(sources: Sources) -> None:
    """The functions that all units may need, and a probe of the order of the constructors."""
    first = sources.units[0]
    first.add(SUPPORT)
    if sources.constructors:
        value = 0
        for _, identity in sorted(sources.constructors):
            value = value * 7 + identity & 0xFFFFFFFF
        count = len(sources.constructors)
        body = (
            "unsigned value = 0; for (int i = 0; i < "
            f"{count}; i++) value = value * 7 + log_values[i]; return (int)value;"
        )
        signed = value - (value >> 31 << 32)
        sources.probe(first, len(sources.units) + 1000, signed, body, rule=INIT_FUNCTIONS)
