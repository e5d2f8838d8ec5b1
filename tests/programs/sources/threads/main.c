// Threads that the host starts: each is an instance of its own with the same memory.
#include "threads.h"

extern unsigned char __heap_base;

static unsigned char *next_block = &__heap_base;
static int constructed;

__attribute__((constructor)) static void construct(void) { constructed += 7; }

// A block for a thread's stack and its thread-local storage, called by the main thread.
unsigned long new_block(unsigned long size, unsigned long alignment) {
    unsigned long address = ((unsigned long)next_block + alignment - 1) & -alignment;
    next_block = (unsigned char *)(address + size);
    return address;
}

unsigned long tls_size(void) { return __builtin_wasm_tls_size(); }
unsigned long tls_align(void) { return __builtin_wasm_tls_align(); }
unsigned long tls_base(void) { return (unsigned long)__builtin_wasm_tls_base(); }

static void spin(void) {
    static int plain; // guarded by the lock
    for (int round = 0; round < ROUNDS; round++) {
        lock();
        plain += thread_number;
        totals[thread_number] = own_rounds();
        unlock();
        __atomic_fetch_add(&grand_total, 1, __ATOMIC_RELAXED);
    }
}

// What a thread does; 0 if its thread-local variables started as they should.
int thread_main(int number) {
    volatile int on_stack[64];
    if (thread_number != -1 || zeroed[3] != 0 || shared_by_thread != &totals[2])
        return 1;
    thread_number = number;
    zeroed[3] = number;
    shared_by_thread = &totals[number];
    for (int i = 0; i < 64; i++)
        on_stack[i] = number;
    spin();
    for (int i = 0; i < 64; i++)
        if (on_stack[i] != number)
            return 2;
    if (thread_number != number || zeroed[3] != number || *shared_by_thread != ROUNDS)
        return 3;
    return (unsigned long)address_of_rounds() % 64 == 0 ? 0 : 4;
}

int main_thread_number(void) { return thread_number; }
int total_of(int number) { return totals[number]; }
int grand(void) { return __atomic_load_n(&grand_total, __ATOMIC_SEQ_CST); }
int constructed_by(void) { return constructed; }
