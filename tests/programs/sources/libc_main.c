// A program that uses a fair part of libc: printf, qsort, malloc, strings, stdio buffers.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct entry {
    char name[16];
    int weight;
};

static int by_weight(const void *left, const void *right) {
    return ((const struct entry *)left)->weight - ((const struct entry *)right)->weight;
}

static int by_name(const void *left, const void *right) {
    return strcmp(((const struct entry *)left)->name, ((const struct entry *)right)->name);
}

static int (*const orders[])(const void *, const void *) = {by_weight, by_name};

int main(int argc, char **argv) {
    enum { COUNT = 12 };
    struct entry *entries = malloc(COUNT * sizeof *entries);
    if (!entries)
        return 1;
    for (int i = 0; i < COUNT; i++) {
        snprintf(entries[i].name, sizeof entries[i].name, "entry-%02d", (i * 5) % COUNT);
        entries[i].weight = (i * 7 + argc) % COUNT;
    }
    for (unsigned order = 0; order < 2; order++) {
        qsort(entries, COUNT, sizeof *entries, orders[order]);
        for (int i = 0; i < COUNT; i++)
            printf("%s:%d%c", entries[i].name, entries[i].weight, i + 1 < COUNT ? ' ' : '\n');
    }
    printf("%.3f %s %5u %#x\n", 2.0 / 3, argv[0] ? "named" : "nameless", 42u, 48879u);
    free(entries);
    return 0;
}
