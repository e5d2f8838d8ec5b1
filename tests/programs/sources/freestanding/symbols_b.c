// The strong definitions, hidden symbols, constructors of priorities between those elsewhere.
#include "shared.h"

int overridden(void) { return 2; }
int overridden_data = 20;
int hidden_in_b(void) { return 30; }
int hidden_data = 12;

static int count = 100;
__attribute__((noinline)) static int next(void) { return --count; }
int counter_b(void) { return next() + (only_weak() > 5); }

__attribute__((section("registry"), used)) static int registered_here = 3;
__attribute__((constructor(150))) static void construct_between(void) {
    constructor_log[constructor_count++] = 150;
}
__attribute__((constructor)) static void construct_last(void) {
    constructor_log[constructor_count++] = 65535;
}
