// Weak definitions that symbols_b.c overrides, and a static function of the same name as there.
#include "shared.h"

__attribute__((weak)) int overridden(void) { return 1; }
__attribute__((weak)) int overridden_data = 10;
__attribute__((weak)) int only_weak(void) { return 3; }

static int count;
__attribute__((noinline)) static int next(void) { return ++count; }
int counter_a(void) { return next(); }

// Nothing refers to these two: they go unless sections are kept.
int unused_function(void) { return named_operation_count; }
const char *unused_pointers[] = {"unused", "pointers"};

__attribute__((section("registry"), used)) static int registered_here = 20;
__attribute__((constructor(200))) static void construct_later(void) {
    constructor_log[constructor_count++] = 200;
}
__attribute__((constructor(101))) static void construct_first(void) {
    constructor_log[constructor_count++] = 101;
}
