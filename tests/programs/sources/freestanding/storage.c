// Storage of every alignment up to 64, initialised and not, and strings that can be merged.
#include "shared.h"

char zeroes[100000];
char aligned_1 = 1;
__attribute__((aligned(2))) char aligned_2[3] = {1, 2, 3};
__attribute__((aligned(64))) char aligned_64[5] = {4, 5, 6, 7, 8};
__attribute__((aligned(16))) char aligned_16[7];
__attribute__((aligned(32))) int aligned_32 = 9;
int constructor_log[8];
int constructor_count;
static _Thread_local int per_thread = 5;
static const double constants[] = {0.5, 1.5, 2.5};
static const char *const words[] = {"add", "constructor", "checksum", "sum"};
static const unsigned short wide[] = {'a', 'b', 0};

int storage_checksum(void) {
    int sum = per_thread++ + aligned_1 + aligned_32;
    for (unsigned i = 0; i < sizeof aligned_64; i++)
        sum += aligned_64[i];
    for (unsigned i = 0; i < sizeof zeroes; i += 4096)
        sum += zeroes[i];
    for (unsigned i = 0; i < 4; i++)
        for (const char *at = words[i]; *at; at++)
            sum += *at;
    for (const unsigned short *at = wide; *at; at++)
        sum += *at;
    return sum + (int)(constants[sum % 3] * 2) + aligned_2[2] + aligned_16[0];
}
