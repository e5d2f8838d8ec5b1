/* Every kind of symbol that C can make, libc calls, and debug information. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

extern int other_data;
extern int host_function(int) __attribute__((import_module("host"), import_name("function")));

static int table[16] = {1, 2, 3};
int (*print)(const char *, ...) = printf;
int *middle = &table[5];
_Thread_local int thread_local_value = 4;
_Thread_local int thread_local_zero;

__attribute__((weak)) int weak_function(void) { return 3; }
__attribute__((constructor)) static void first(void) { table[1] = 5; }
__attribute__((constructor(200))) static void second(void) { table[1] *= 2; }
__attribute__((visibility("hidden"))) int hidden(int a) { return a * other_data; }
__attribute__((used)) static int kept(void) { return 9; }
__attribute__((export_name("exported"))) int exported(void) { return 8; }
__attribute__((annotate("note"))) int annotated(void) { return 7; }

int main(int count, char **values) {
    char *memory = malloc(count);
    memset(memory, 1, count);
    print("%s %d %s", memory, table[count] + thread_local_value, values[0]);
    thread_local_zero += *middle;
    return weak_function() + host_function(hidden(count));
}
