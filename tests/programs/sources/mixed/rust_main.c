// Calls Rust, which calls back; its data and its compiler's memory functions are shared.
#include "../wasi.h"

extern unsigned rust_words(const char *text, size_type size);
extern void rust_shapes(void);
extern const unsigned short RUST_TABLE[4];
extern void *memset(void *, int, size_type);

void c_log(const char *text, size_type size) {
    char line[100];
    memset(line, 0, sizeof line);
    for (size_type i = 0; i < size; i++)
        line[i] = text[i];
    line[size] = '\n';
    print_text(line);
}

void _start(void) {
    static const char text[] = "the wei\303\237 words  of one short\tline";
    print_number("lines", (int)rust_words(text, sizeof text - 1));
    rust_shapes();
    print_number("table", RUST_TABLE[0] + RUST_TABLE[1] + RUST_TABLE[2] + RUST_TABLE[3]);
}
