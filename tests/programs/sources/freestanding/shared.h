#ifndef SHARED_H
#define SHARED_H

#include "../wasi.h"

typedef int (*operation)(int, int);

struct named_operation {
    const char *name;
    operation apply;
};

// Defined in tables.c.
extern const struct named_operation named_operations[];
extern const int named_operation_count;
extern operation mutable_operations[4];
extern int *const middle_of_numbers;
extern int numbers[16];

// Defined in symbols_a.c (weakly) and in symbols_b.c.
int overridden(void);
int only_weak(void);
extern int overridden_data;
int hidden_in_b(void) __attribute__((visibility("hidden")));
extern int hidden_data __attribute__((visibility("hidden")));
int counter_a(void);
int counter_b(void);

// Defined nowhere.
int never_defined(int) __attribute__((weak));
extern int never_defined_data __attribute__((weak));

// Defined in storage.c.
extern char zeroes[100000];
extern char aligned_1, aligned_2[3], aligned_64[5], aligned_16[7];
extern int aligned_32;
extern int constructor_log[8];
extern int constructor_count;
int storage_checksum(void);

#endif
