// Prints what only a right link gives: pointer identity, alignments, which definition won.
#include "shared.h"

extern int __start_registry[], __stop_registry[];
extern unsigned char __data_end, __heap_base, __global_base;

static int is_aligned(const void *pointer, unsigned alignment) {
    return (unsigned long)pointer % alignment == 0;
}

static void print_everything(void) {
    for (int i = 0; i < named_operation_count; i++)
        print_number(named_operations[i].name, named_operations[i].apply(20, 3));
    mutable_operations[1] = named_operations[2].apply;
    for (int i = 0; i < 4; i++)
        print_number("mutable", mutable_operations[i](7, 5));
    print_number("same pointer", mutable_operations[0] == named_operations[0].apply);
    print_number("middle", *middle_of_numbers);
    print_number("distance", (int)(middle_of_numbers - numbers));
    print_number("overridden", overridden());
    print_number("overridden data", overridden_data);
    print_number("only weak", only_weak());
    print_number("hidden", hidden_in_b() + hidden_data);
    print_number("counter a", counter_a() + counter_a());
    print_number("counter b", counter_b());
    print_number("never defined", never_defined ? never_defined(1) : -1);
    print_number("never defined data", &never_defined_data ? 1 : 0);
    print_number("aligned", is_aligned(aligned_2, 2) && is_aligned(aligned_16, 16) &&
                                is_aligned(&aligned_32, 32) && is_aligned(aligned_64, 64));
    print_number("checksum", storage_checksum());
    for (int i = 0; i < constructor_count; i++)
        print_number("constructor", constructor_log[i]);
    int sum = 0;
    for (int *at = __start_registry; at != __stop_registry; at++)
        sum += *at;
    print_number("registry", sum);
    print_number("bounds", &__global_base <= &__data_end && &__data_end <= &__heap_base);
}

#ifndef LIBRARY
// As a command: the constructors are called here.
void __wasm_call_ctors(void);
void _start(void) {
    __wasm_call_ctors();
    print_everything();
}
#endif

// As a library (--no-entry): the linker wraps the export in calls of the constructors.
__attribute__((export_name("run"))) int run(void) {
    print_everything();
    return 42;
}
