// Uses some members of the archive: member_3, which uses member_4 and member_12, and member_9.
#include "wasi.h"

int member_3(int);
int member_9(int);
__attribute__((weak)) int member_15(int);  // defined in the archive, but weak: not fetched

void _start(void) {
    print_number("three", member_3(1));
    print_number("nine", member_9(2));
    print_number("fifteen", member_15 ? member_15(3) : -1);
}
