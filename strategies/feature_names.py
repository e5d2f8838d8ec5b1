"""The names of all features that the strategies promise to make."""

from __future__ import annotations

_NAMES = {
    "addend": """
        negative positive
    """,
    "alignment": """
        0 1 2 3 4 5 6 7
    """,
    "archive": """
        bsd coff darwin darwin64 equal-members equal-names gnu gnu64 junk.bitcode junk.elf
        junk.empty junk.exporting-module junk.module junk.nested junk.stub junk.text long-names
        lost-member no-symbol-table odd-names then-whole thin twice
    """,
    "code": """
        atomic atomic-change atomic-load atomic-store block-of-reference block-type br-table
        call-indirect-unused-type call-indirect-wrong-type catch catch-all catch-all-ref catch-ref
        elem-drop if-type load locals long-br-table loop-type memory-copy memory-fill memory-grow
        named-memory padded-memory-index ref-func return-call return-call-indirect
        return-call-through-table saturating store table-copy table-fill table-grow table-init
        table-set-call throw-ref try-table-typed typed-select vector vector-extend vector-lane
        vector-load vector-load-lane vector-store vector-store-lane
    """,
    "comdat": """
        data empty function initialiser local outside partial pointers section shared
    """,
    "constructor": """
        alias by-option called comdat destructors-in-archive elsewhere large-priority registered
        result shared twice undefined
    """,
    "diagnostics": """
        many odd-value several
    """,
    "edge": """
        bounds-of-retained bounds-of-used compiler-names empty-segment explicit-memory far-addend
        large-data large-zeros memory-limits passive size-beyond-end strict-alignment symbol-at-end
        table-of-pointers wide-offset
    """,
    "disagree": """
        comdat-kind import-signature import-source kind-of-reference limits same-import size
        thread-local two-kinds
    """,
    "flag": """
        explicit-name exported hidden no-strip
    """,
    "global": """
        externref f32 f64 i32 i64
    """,
    "import": """
        function global got memory table tag
    """,
    "input": """
        empty-archive lazy lazy-together member plain twice whole
    """,
    "odd": """
        empty-object empty-sections linker-name local-name nameless no-symbol-table section-name
        segment-name
        unnamed-import
    """,
    "many": """
        aliases alike-names exports-of-members functions globals imports members mismatches objects
        segments tables tags thousands types
    """,
    "option": """
        --allow-multiple-definition --allow-undefined --build-id --compress-relocations
        --end-lib --entry --error-unresolved-symbols --export --export-all --export-dynamic
        --export-if-defined --export-memory --export-table --extra-features --features
        --gc-sections --global-base --growable-table --import-memory --import-table
        --import-undefined --initial-heap --initial-memory --max-memory --no-check-features
        --Bstatic --Map --allow-undefined-file --check-features --color-diagnostics --demangle
        --disable-verify --dn --error-limit --experimental-pic --fatal-warnings --keep-section
        --lto-CGO1 --lto-O1 --lto-O2 --lto-debug-pass-manager --lto-partitions
        --merge-data-segments --mllvm --no-allow-multiple-definition --no-color-diagnostics
        --no-export-dynamic --no-fatal-warnings --no-pie --no-print-gc-sections
        --no-shlib-sigcheck --noinhibit-exec --non_shared --page-size --print-gc-sections
        --print-map --reproduce --rpath --save-temps --soname --thinlto-cache-dir
        --thinlto-cache-policy --thinlto-emit-imports-files --thinlto-emit-index-files
        --thinlto-jobs --thinlto-object-suffix-replace --thinlto-prefix-replace --threads
        --trace --trace-symbol --verbose --why-extract --wrap -M -Map -V -allow-undefined-file
        -call_shared -color-diagnostics -dy -fatal-warnings -m -mllvm -mwasm32 -noinhibit-exec
        -rpath -t -threads -trace-symbol -v -verbose -wrap -y
        --no-demangle --no-entry --no-gc-sections --no-growable-memory --no-merge-data-segments
        --library --library-path --no-stack-first --no-whole-archive --stack-first --start-lib
        --strip-all --strip-debug
        --table-base --undefined --unresolved-symbols --warn-unresolved-symbols --whole-archive
        -Bdynamic -Bstatic -E -L -O0 -O1 -O2 -O3 -S -dn -l -non_shared -s -static -u -z -zmuldefs
    """,
    "producer": """
        named-import odd-features odd-fields rust-metadata rust-shape section-before
        subsection-order zig-shape
    """,
    "probe": """
        host-calls returns traps
    """,
    "refusal": """
        address-size constructor-has-arguments destructors-unfit duplicate-symbol
        entry-not-defined export-not-defined feature-disallowed feature-not-allowed
        file-missing global-base-too-small global-type-mismatch import-mismatch
        malformed-object memory-not-aligned memory-too-small misplaced-switch
        mutable-globals-needed option-conflict relocation-not-allowed signature-mismatch
        stack-not-aligned string-not-terminated symbol-type-mismatch table-symbols
        table-type-mismatch undefined-symbol
    """,
    "relocation": """
        FUNCTION_INDEX_I32 FUNCTION_INDEX_LEB FUNCTION_OFFSET_I32 FUNCTION_OFFSET_I64
        GLOBAL_INDEX_I32 GLOBAL_INDEX_LEB MEMORY_ADDR_I32 MEMORY_ADDR_I64 MEMORY_ADDR_LEB
        MEMORY_ADDR_LEB64 MEMORY_ADDR_LOCREL_I32 MEMORY_ADDR_REL_SLEB MEMORY_ADDR_REL_SLEB64
        MEMORY_ADDR_SLEB MEMORY_ADDR_SLEB64 MEMORY_ADDR_TLS_SLEB SECTION_OFFSET_I32
        TABLE_INDEX_I32 TABLE_INDEX_I64 TABLE_INDEX_REL_SLEB TABLE_INDEX_REL_SLEB64
        TABLE_INDEX_SLEB TABLE_INDEX_SLEB64 TABLE_NUMBER_LEB TAG_INDEX_LEB TYPE_INDEX_LEB
    """,
    "search": """
        before behind by-file-name dynamic folder-last static
    """,
    "section": """
        custom debug producers reloc.code reloc.custom reloc.data target-features
    """,
    "segment-flag": """
        retain strings
    """,
    "segment": """
        bss custom data init_array named rodata start-stop text
    """,
    "site": """
        accessor inside-function
    """,
    "step": """
        all in-thin-archive lazy nested option.O0 option.O2 option.allow-undefined option.build-id
        option.emit-relocs option.export-dynamic option.merge-data-segments option.no-check-features
        option.no-demangle option.no-gc-sections option.no-merge-data-segments
        option.print-gc-sections option.strip-all option.strip-debug run wrap
    """,
    "spelling": """
        joined nested-response-file one-word response-file two-words windows-quoting
    """,
    "style": """
        data-count element-section garbage-in-sites linear-memory-import mvp-table name-section
        padded-bodies padded-sizes reversed-symbols
    """,
    "stub": """
        between-lib data function global import-name missing-need needs-data needs-function
        needs-global needs-member needs-table needs-tag odd of-defined of-unknown plain
        repeated-line searched second-library whole
    """,
    "symbol": """
        alias crowd data.alias data.local data.strong data.undefined data.weak
        data.weak-undefined empty function.alias function.export-name function.initialiser
        function.local function.mismatched function.strong function.undefined function.weak
        function.weak-undefined global.alias global.local global.strong global.undefined
        global.weak idle own-binding section.local table.local table.strong
        table.undefined table.weak tag.alias tag.local tag.strong tag.undefined tag.weak
    """,
    "view": """
        data-address data-value function-address function-value global-set global-value
        table-value
    """,
    "wrap": """
        by-another-type calls-real defined known-name member nested of-member real twice
        undefined-weak without-wrapper
    """,
}

# What only the groups make that a case has when they are asked for.
_OPTIONAL = {
    "archive": """
        wrong-index
    """,
    "code": """
        data-segments delegate many-types old-catch rethrow
    """,
    "flag": """
        absolute
    """,
    "global": """
        extended funcref function reads-import v128
    """,
    "newer": """
        br-on-cast br-on-non-null call-ref exnref-global exnref-table non-null-type ref-cast
        ref-test return-call-ref v128-global wide-atomic wide-offset wide-store wide-vector
    """,
    "option": """
        --emit-relocs --relocatable --shared-memory
    """,
    "refusal": """
        several-memories
    """,
    "relocation": """
        MEMORY_ADDR_TLS_SLEB64
    """,
    "segment": """
        bssy tbss tdata
    """,
    "step": """
        thread-local
    """,
    "thread": """
        alignment base second-block size wait-notify wide
    """,
}


def _full_names(names: dict[str, str]) -> tuple[str, ...]:
    return tuple(sorted(f"{kind}.{name}" for kind in names for name in names[kind].split()))


ALL_FEATURES = _full_names(_NAMES)
OPTIONAL_FEATURES = _full_names(_OPTIONAL)
