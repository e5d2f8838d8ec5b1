"""Mangled names made at random from a grammar, and spoilt ones."""

from __future__ import annotations

import random
import re

# What each rule can be; `{rule}` stands for one of that rule's. The first alternatives end the
# recursion. Not every name of this grammar is well-formed: references may lead nowhere.
GRAMMAR: dict[str, list[str]] = {
    "source": ["1a", "3foo", "2ab", "12_GLOBAL__N_1", "8__uuidof"],
    "tags": ["", "", "", "B3tag", "B1aB2bc"],
    "substitution": ["S_", "S0_", "S1_", "S2_", "Sa", "Ss", "Sb", "So", "Si", "Sd", "St3foo"],
    "parameter": ["T_", "T0_", "T1_"],
    "qualifiers": ["", "K", "V", "r", "VK", "rV"],
    "type": [
        *"vwbcahstijlmxynofdegz",
        *["{substitution}", "{parameter}", "{source}"],
        *["Dd", "De", "Df", "Dh", "DF16b", "DF64_", "DAs", "DRt", "DSDAi", "DSDRm", "DB7_"],
        *["Di", "Ds", "Du", "Da", "Dc", "Dn", "PU13objcproto3foo11objc_object"],
        *["P{type}", "R{type}", "O{type}", "C{type}", "G{type}", "{qualifiers}{type}"],
        *["A5_{type}", "A_{type}", "A{expression}_{type}", "M{type}{type}", "M{source}{function}"],
        *["{function}", "P{function}", "R{function}", "RA3_{type}", "PA_{type}", "Dp{type}"],
        *["Dt{expression}E", "DT{expression}E", "Dv4_{type}", "Dv{expression}_{type}", "Dv4_p"],
        *["U3ext{type}", "U3ext{arguments}{type}", "u3abc", "u3abcI{type}E", "DU{expression}_"],
        *["Dk{name}", "DK{name}", "Ts{name}", "Tu{name}", "Te{name}", "{parameter}{arguments}"],
        *["{substitution}{arguments}", "{name}", "{name}"],
    ],
    "function": [
        "FvvE",
        "F{type}{type}E",
        "{qualifiers}F{type}{type}{type}E",
        "KFvvRE",
        "FvvOE",
        "DoF{type}zE",
        "DO{expression}EFvvE",
        "Dw{type}{type}EFvvE",
        "DxFYviE",
    ],
    "arguments": ["IiE", "I{argument}E", "I{argument}{argument}E", "I{argument}QT_E"],
    "argument": [
        "i",
        "{type}",
        "{type}",
        "J{argument}{argument}E",
        "JE",
        "X{expression}E",
        "{literal}",
        "LZ{encoding}E",
        "{declaration}{argument}",
    ],
    "declaration": [
        "Ty",
        "Tk{name}",
        "Tn{type}",
        "Tt{declaration}E",
        "TtTyQT_E",
        "Tp{declaration}",
    ],
    "number": ["0", "5", "97", "n1", "255", "34", "10"],
    "literal": [
        *["Li{number}E", "Lj{number}E", "Lm{number}E", "Lc{number}E", "Ls{number}E", "Ln{number}E"],
        *["Lb0E", "Lb1E", "Lf40490fdbE", "Lf00000001E", "Lf7f800000E", "Lfffc00000E"],
        *["Ld400921fb54442d18E", "Ld0000000000000001E", "Ldfff0000000000000E", "LDnE", "LDn0E"],
        *["Le3fff8000000000000000E", "Le4000c90fdaa22168c235E", "Le00000000000000000001E"],
        *["LA3_KcE", "L_Z{encoding}E", "L{closure}E", "L{name}{number}E"],
    ],
    "closure": [
        "UlvE_",
        "Ul{type}E0_",
        "UlT_T0_E_",
        "UlDpT_E_",
        "Ul{declaration}T_E_",
        "Ul{declaration}{declaration}Q{expression}T0_Q{expression}E3_",
    ],
    "binary": [
        *["aN", "aS", "aa", "an", "cm", "dV", "dv", "eO", "eo", "eq", "ge", "gt", "lS", "le"],
        *["ls", "lt", "mI", "mL", "mi", "ml", "ne", "oR", "oo", "or", "pL", "pl", "rM", "rS"],
        *["rm", "rs", "ss", "gt", "rs"],
    ],
    "function_parameter": ["fp_", "fp0_", "fpK_", "fpT", "fL0p_", "fL1p3_"],
    "expression": [
        *["{parameter}", "{function_parameter}", "{literal}", "{source}", "tr"],
        *["{binary}{expression}{expression}"] * 4,
        *["ad{expression}", "nt{expression}", "pp{expression}", "mm_{expression}"],
        *["ix{expression}{expression}", "dt{expression}{expression}", "pm{expression}{expression}"],
        *[
            "nw{expression}_{type}E",
            "gsna_{type}pi{expression}E",
            "dl{expression}",
            "gsda{parameter}",
        ],
        *["cl{expression}{expression}E", "cp{source}E", "cv{type}{expression}", "cv{type}_E"],
        *["qu{expression}{expression}{expression}", "sc{type}{expression}", "rc{type}{expression}"],
        *["st{type}", "sz{expression}", "at{type}", "ti{type}", "te{expression}", "nx{expression}"],
        *["sp{expression}", "tw{expression}", "fl{binary}{expression}", "fr{binary}{parameter}"],
        *[
            "fL{binary}{expression}{expression}",
            "fR{binary}{parameter}{expression}",
            "flpm{parameter}",
        ],
        *["il{expression}{braced}E", "tl{type}{braced}E", "tlA4_cLc97ELc1ELc98ELc34EE"],
        *["mc{type}{expression}8E", "so{type}{expression}n4_1_pE", "sZ{parameter}", "sZfp_"],
        *[
            "sP{argument}{argument}E",
            "u3abc{argument}E",
            "u8__uuidoft{type}",
            "u8__uuidofz{literal}",
        ],
        *["rq{requirement}E", "rQ{type}_{requirement}{requirement}E", "{unresolved}"],
    ],
    "braced": [
        "{expression}",
        "di1a{expression}",
        "dx{expression}{expression}",
        "dXLi0ELi1Edi1b{literal}",
    ],
    "requirement": ["X{expression}", "X{expression}NR{name}", "T{type}", "Q{expression}"],
    "unresolved": [
        "{base}",
        "gs{base}",
        "sr{parameter}{base}",
        "srSt3foo{arguments}{base}",
        "sr1a2abE{base}",
        "gssr1aE{base}",
        "srN{parameter}1aE{base}",
    ],
    "base": ["1a", "1a{arguments}", "onpl", "on{binary}{arguments}", "dn1a", "dn{parameter}"],
    "unqualified": [
        "{source}",
        "{source}{tags}",
        "L{source}",
        "{binary}{tags}",
        "cv{type}",
        "li3foo",
        "v33foo",
        "Ut_",
        "Ut0_",
        "{closure}",
        "W3modW1x{source}",
        "DC1a1bE",
        "F{source}",
    ],
    "prefix": [
        "{source}",
        "St{source}",
        "Ss",
        "Sa",
        "{substitution}",
        "{parameter}",
        "N1aE",
        "DtfpTE",
    ],
    "name": [
        "{source}",
        "St{unqualified}",
        "{source}{arguments}",
        "{substitution}{arguments}",
        "N{qualifiers}{prefix}{unqualified}E",
        "N{prefix}{arguments}{unqualified}{arguments}E",
        "NKR{prefix}C1E",
        "NO{prefix}D2E",
        "NSsC1{tags}E",
        "N1aCI11bE",
        "NH1a{unqualified}E",
        "Z{encoding}E{source}_0",
        "Z{encoding}E{name}__12_",
        "Z{encoding}Es",
        "Z{encoding}Ed0_{name}",
    ],
    "encoding": [
        "{source}v",
        "{name}{type}",
        "{name}{type}{type}",
        "{name}v",
        "{name}",
        "{name}Ua9enable_ifI{argument}E{type}",
        "{name}{type}Q{expression}",
        "{source}I{argument}{argument}{argument}E{type}{type}{type}",
        "N1acv{type}I{argument}{argument}E{type}{type}E",
        "TV{type}",
        "TI{type}",
        "TS{type}",
        "TT{type}",
        "TW{name}",
        "TH{name}",
        "GV{name}",
        "GR{name}0_",
        "GR{name}",
        "GIW3modWP1p",
        "TA{argument}",
        "Th8_{encoding}",
        "Tv0_n24_{encoding}",
        "Tch8_v0_n8_{encoding}",
        "TC{type}8_{type}",
    ],
    "mangled": ["_Z{encoding}", "_Z{encoding}", "__Z{encoding}", "_Z{encoding}.llvm.12"],
    "block": ["___Z{encoding}_block_invoke", "____Z{encoding}_block_invoke_2"],
}

_RULE = re.compile(r"\{(\w+)\}")
_LETTERS = "_ZNSTIEKRPOMLJXDFACUVBGHQWabcdefghijklmnopqrstuvwxyz0123456789."


def random_name(source: random.Random, rule: str = "mangled", depth: int = 5) -> str:
    """A name of the rule; rules within rules come to an end `depth` levels down."""
    alternatives = GRAMMAR[rule]
    if depth <= 0:
        finite = [text for text in alternatives if "{" not in text]
        alternatives = finite or alternatives[:1]
    chosen = source.choice(alternatives)
    return _RULE.sub(lambda match: random_name(source, match[1], depth - 1), chosen)


def spoilt(source: random.Random, name: str, others: list[str]) -> str:
    """The name with some characters or parts added, removed, repeated or replaced."""
    for _ in range(source.choice([1, 1, 1, 2, 3])):
        at = source.randrange(2, len(name) + 1) if len(name) > 2 else len(name)
        length = source.choice([1, 1, 2, 5])
        other = source.choice(others)
        start = source.randrange(len(other))
        insertion = source.choice(
            [
                "",
                source.choice(_LETTERS),
                name[at : at + 20],
                other[start : start + source.randrange(1, 20)],
                random_name(source, source.choice(list(GRAMMAR)), 2),
            ]
        )
        removed = source.choice([0, length])
        name = name[:at] + insertion + name[at + removed :]
    return name
