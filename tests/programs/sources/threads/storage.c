// Thread-local variables of every shape, and a lock made of atomic waits.
#include "threads.h"

_Thread_local int thread_number = -1;
_Thread_local int zeroed[8];
_Thread_local int *shared_by_thread = &totals[2];
_Alignas(64) static _Thread_local int rounds;
int totals[THREADS];
int grand_total;
static int held;

int own_rounds(void) { return ++rounds; }
int *address_of_rounds(void) { return &rounds; }

void lock(void) {
    int none = 0;
    while (!__atomic_compare_exchange_n(&held, &none, 1, 0, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED)) {
        __builtin_wasm_memory_atomic_wait32(&held, 1, 1000000);
        none = 0;
    }
}

void unlock(void) {
    __atomic_store_n(&held, 0, __ATOMIC_RELEASE);
    __builtin_wasm_memory_atomic_notify(&held, 1);
}
