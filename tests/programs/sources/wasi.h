// Output without a libc: one imported function, and numbers as text.
#ifndef WASI_H
#define WASI_H

typedef unsigned long size_type;
struct io_vector {
    const char *bytes;
    size_type size;
};

__attribute__((import_module("wasi_snapshot_preview1"), import_name("fd_write"))) int
wasi_fd_write(int file, const struct io_vector *vectors, size_type count, size_type *written);

static inline void print_text(const char *text) {
    struct io_vector vector = {text, 0};
    size_type written;
    while (text[vector.size])
        vector.size++;
    wasi_fd_write(1, &vector, 1, &written);
}

static inline void print_number(const char *label, int number) {
    char digits[16];
    char *at = digits + sizeof digits;
    unsigned rest = number < 0 ? 0u - (unsigned)number : (unsigned)number;
    *--at = 0;
    *--at = '\n';
    do {
        *--at = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest);
    if (number < 0)
        *--at = '-';
    print_text(label);
    print_text(" ");
    print_text(at);
}

#endif
