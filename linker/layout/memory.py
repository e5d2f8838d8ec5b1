"""The memory layout: addresses of segments, of the stack, and of the linker's data symbols.

LLD's Writer::layoutMemory. Addresses and sizes are in bytes.
"""

from __future__ import annotations

from dataclasses import dataclass

from linker.atoms import align
from linker.command_line.options import Options
from linker.errors import Diagnostics, FatalError
from linker.format.expression import address_const
from linker.objects import GlobalElement, OutputSegment
from linker.resolution.resolution import Resolution
from linker.resolution.symbols import HIDDEN, LinkSymbol
from linker.seed.errors import SeedStop
from linker.seed.pieces import pack

MASK_64 = (1 << 64) - 1
STACK_ALIGNMENT = 16
HEAP_ALIGNMENT = 16
MEMORY_LIMIT = 1 << 32


@dataclass(frozen=True, slots=True)
class Memory:
    """Size of the output's memory in pages; a maximum of 0 means none."""

    pages: int
    max_pages: int


def set_pointer(symbol: LinkSymbol | None, value: int) -> None:
    """Makes an address the value of a linker-defined global."""
    if symbol is not None and isinstance(symbol.element, GlobalElement):
        symbol.element.init = address_const(value)


def set_address(symbol: LinkSymbol | None, value: int) -> None:
    if symbol is not None:
        symbol.value = value


def needs_passive_initialization(segment: OutputSegment, options: Options, emit_bss: bool) -> bool:
    """Whether `__wasm_init_memory` has to initialise the segment."""
    if options.memory_import is not None and segment.is_bss and not emit_bss:
        return True
    return segment.passive


def lay_out_memory(
    options: Options,
    resolution: Resolution,
    segments: list[OutputSegment],
    diagnostics: Diagnostics,
) -> Memory:
    """Gives every segment and every linker-defined data symbol its address."""
    own = resolution.own
    if options.stack_first:
        address = place_stack(0, options, resolution, diagnostics)
        if options.global_base and "global-base-ignored" not in options.quirks:
            if options.global_base < address:
                diagnostics.error(
                    "--global-base cannot be less than stack size when --stack-first is used",
                )
                if options.shared_memory and segments:
                    if "low-base-crashes" in options.quirks:
                        raise FatalError(
                            "wasm-ld 22 crashes here: no place for __wasm_init_memory_flag"
                            " (quirk low-base-crashes)",
                        )
                    diagnostics.check()
                return Memory(0, 0)
            address = options.global_base
    else:
        address = options.global_base
    bits = address_bits(options)
    check_width(address, options)
    first_address = address
    set_address(own.global_base, address)
    set_address(own.dso_handle, address)
    if "tls-alignment-zero" not in options.quirks:
        set_pointer(own.tls_align, 1)
    for segment in segments:
        address = align(address, 1 << segment.alignment) & bits
        segment.address = address
        if not options.relocatable and segment.is_tls:
            set_pointer(own.tls_size, segment.size)
            set_pointer(own.tls_align, 1 << segment.alignment)
            if not options.shared_memory:
                set_pointer(own.tls_base, address)
        address = address + segment.size & bits
    if "segment-starts-unaligned" in options.quirks:
        pack(segments, first_address)
    # Segments of bss are left out later only where that is possible; here all may be passive.
    if options.shared_memory and any(
        needs_passive_initialization(segment, options, False) for segment in segments
    ):
        address = align(address, 4)
        own.init_memory_flag = resolution.table.add_synthetic_data(
            "__wasm_init_memory_flag", HIDDEN
        )
        own.init_memory_flag.mark_live()
        own.init_memory_flag.value = address
        address += 4
    set_address(own.data_end, address)
    if not options.stack_first:
        address = place_stack(address, options, resolution, diagnostics)
    if own.heap_base is not None:
        address = align(address, HEAP_ALIGNMENT) & bits
        own.heap_base.value = address
    return size_memory(address, options, resolution, diagnostics)


def address_bits(options: Options) -> int:
    """The bits of an address that count: wasm-ld's numbers have 64, and go round."""
    return MASK_64 if "memory-size-unchecked" in options.quirks else -1


def place_stack(
    address: int, options: Options, resolution: Resolution, diagnostics: Diagnostics
) -> int:
    if options.relocatable:
        return address
    own = resolution.own
    bits = address_bits(options)
    address = align(address, STACK_ALIGNMENT) & bits
    set_address(own.stack_low, address)
    if options.z_stack_size % STACK_ALIGNMENT and "stack-size-unchecked" not in options.quirks:
        diagnostics.error(f"stack size must be {STACK_ALIGNMENT}-byte aligned")
    address = address + options.z_stack_size & bits
    check_width(address, options)
    set_pointer(own.stack_pointer, address)
    set_address(own.stack_high, address)
    return address


def check_width(address: int, options: Options) -> None:
    if address >= MEMORY_LIMIT and "addresses-cut" in options.quirks:
        detail = f"address {address} has more than 32 bits"
        raise SeedStop("setupMemory", "addresses-cut", detail)


def size_memory(
    address: int, options: Options, resolution: Resolution, diagnostics: Diagnostics
) -> Memory:
    """The initial and maximum size, from what is used and what the options say."""
    bits = address_bits(options)
    page = options.page_size
    aligned = f"aligned to the page size ({page} bytes)"
    if "old-alignment-message" in options.quirks:
        aligned = f"{page}-byte aligned"
    limit = MEMORY_LIMIT - ("memory-limit-short" in options.quirks)

    def check_size(which: str, size: int, needed: int) -> None:
        if size % page:
            diagnostics.error(f"{which} memory must be {aligned}")
        if needed > size:
            diagnostics.error(f"{which} memory too small, {needed} bytes needed")
        if size > limit:
            diagnostics.error(f"{which} memory too large, cannot be greater than {limit}")

    if options.initial_heap:
        if options.initial_heap % page:
            diagnostics.error(f"initial heap must be {aligned}")
        most = max(MEMORY_LIMIT - address & bits, 0)
        if options.initial_heap > most:
            diagnostics.error(f"initial heap too large, cannot be greater than {most}")
        address = address + options.initial_heap & bits
    if options.initial_memory:
        check_size("initial", options.initial_memory, address)
        address = options.initial_memory
    if address > MEMORY_LIMIT and bits == -1 and not diagnostics.error_count:
        diagnostics.error(f"memory too large, {address} bytes needed of at most {MEMORY_LIMIT}")
    address = align(address, page) & bits
    set_address(resolution.own.heap_end, address)
    maximum = 0
    if options.max_memory:
        check_size("maximum", options.max_memory, address)
        maximum = options.max_memory
    elif options.no_growable_memory or options.shared_memory:
        maximum = address
    return Memory(address // page, maximum // page)
