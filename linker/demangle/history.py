"""Which release of LLVM taught its demangler what.

Releases from 15 to 22, as the name sections show that their wasm-lds write; what is not listed
here is older.
"""

from __future__ import annotations

from collections.abc import Collection

TAGGED_CONSTRUCTORS = "constructors and destructors of classes with an ABI tag"
DOT_IN_FRONT = "names with a dot in front"
DECLARED_ARGUMENTS = "template arguments with the declaration of their parameter (Ty, Tn, Tt, Tp)"
EARLIER_ARGUMENTS = "template arguments that refer to those before them"
LOCAL_PARAMETERS = "that template arguments of a local name end with it"
VOID_LAMBDAS = "that nothing comes after the v of a lambda without parameters"
CONSTRAINTS = "constraints and requires expressions (Q, rq, rQ)"
CONSTRAINED_AUTO = "constrained auto (Dk, DK)"
EXPLICIT_OBJECTS = "functions with an explicit object parameter (NH)"
FRIENDS = "friends defined in their class (F)"
VENDOR_ARGUMENTS = "arguments of a vendor's type (u...I)"
LOWER_CASE_FLOATS = "floating-point literals in small letters only"
MICROSOFT_DEDUCED_ARGUMENTS = "Microsoft's template arguments with a type ($M)"
TWO_UNDERSCORES = "a second underscore in front of _Z that is no Mach-O's"
TEMPLATE_SUBSTITUTIONS = "template template parameters as candidates for substitution"
FIXED_POINT = "fixed-point types (DA, DR, DS)"
BFLOAT16 = "std::bfloat16_t (DF16b)"
ENCLOSED_CALLS = "calls without argument-dependent lookup (cp)"
CHARACTER_LISTS = "initializer lists of characters as strings"
MICROSOFT_AUTO = "Microsoft's auto and decltype(auto)"
BIT_INT_SUBSTITUTIONS = "_BitInt as a candidate for substitution"
MEMBER_POINTER_OPERATORS = "functions named operator->*"
MICROSOFT_AUTHENTICATION = "Microsoft's __ptrauth"
MICROSOFT_STRING_SIZES = "a check of the sizes of Microsoft's wide string literals"
TEMPLATE_DEPTH = "whether a > stands among template arguments"
MICROSOFT_TABLE_PATHS = "Microsoft's tables of more than one base"

BROUGHT_BY: dict[int, tuple[str, ...]] = {
    17: (TAGGED_CONSTRUCTORS,),
    18: (
        DOT_IN_FRONT,
        DECLARED_ARGUMENTS,
        EARLIER_ARGUMENTS,
        LOCAL_PARAMETERS,
        VOID_LAMBDAS,
        CONSTRAINTS,
        CONSTRAINED_AUTO,
        EXPLICIT_OBJECTS,
        FRIENDS,
        VENDOR_ARGUMENTS,
    ),
    19: (LOWER_CASE_FLOATS, MICROSOFT_DEDUCED_ARGUMENTS),
    20: (
        TWO_UNDERSCORES,
        TEMPLATE_SUBSTITUTIONS,
        FIXED_POINT,
        BFLOAT16,
        ENCLOSED_CALLS,
        CHARACTER_LISTS,
        MICROSOFT_AUTO,
    ),
    21: (
        BIT_INT_SUBSTITUTIONS,
        MEMBER_POINTER_OPERATORS,
        MICROSOFT_AUTHENTICATION,
        MICROSOFT_STRING_SIZES,
    ),
    22: (TEMPLATE_DEPTH, MICROSOFT_TABLE_PATHS),
}
"""What the demangler knows, by the release that has it first."""


def quirk_of(release: int) -> str:
    """The name of the quirk of a linker whose demangler lacks what `release` brought."""
    return f"names-before-{release}"


def unknown_to(quirks: Collection[str]) -> frozenset[str]:
    """What the demangler of a linker with these quirks does not know."""
    return frozenset(
        feature
        for release, features in BROUGHT_BY.items()
        if quirk_of(release) in quirks
        for feature in features
    )
