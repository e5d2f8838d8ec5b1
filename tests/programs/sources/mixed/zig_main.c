// Calls Zig, which calls back.
#include "../wasi.h"

typedef int (*operation)(int, int);
extern const operation zig_operations[3];
extern int zig_counter;
extern unsigned char zig_buffer[64];
extern int zig_run(unsigned number);
extern int zig_power(int base, int exponent);

int c_counter = 1;
const char *const c_names[3] = {"ada", "bee", "cee"};

void c_log(const char *text, size_type size) {
    char line[80];
    for (size_type i = 0; i < size; i++)
        line[i] = text[i];
    line[size] = '\n';
    line[size + 1] = 0;
    print_text(line);
}

void _start(void) {
    for (int i = 0; i < 3; i++)
        print_number("operation", zig_operations[i](3, 4));
    print_number("same", zig_operations[2] == zig_power);
    print_number("run", zig_run(7));
    print_number("run", zig_run(123));
    print_number("run", zig_run(5000));
    print_number("counters", c_counter * 1000 + zig_counter);
    print_number("aligned", (unsigned long)zig_buffer % 32 == 0);
}
