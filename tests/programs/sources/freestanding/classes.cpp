// Two of these are linked (PART 1 and 2): inline functions and tables of virtual functions
// are in both objects, in comdat groups, and one copy of each is kept.
extern "C" {
#include "shared.h"
}

struct Animal {
    virtual int legs() const { return 4; }
    virtual int weight() const = 0;
};

template <int factor> struct Scaled : Animal {
    int weight() const override { return factor * 10; }
};

inline int &shared_counter() {
    static int counter = 0;
    return counter;
}

inline int next_of_shared_counter() { return ++shared_counter(); }

int helper(const Animal &animal);

#if PART == 1
static Scaled<2> global_animal;
int helper(const Animal &animal) { return animal.weight() + animal.legs() + next_of_shared_counter(); }
#else
struct Logged {
    int value;
    Logged(int initial) : value(initial + next_of_shared_counter()) {}
};
static Logged logged(5);

extern "C" void _start() {
    extern void call_constructors() __asm__("__wasm_call_ctors");
    call_constructors();
    Scaled<2> two;
    Scaled<3> three;
    print_number("two", helper(two));
    print_number("three", helper(three));
    print_number("logged", logged.value);
    print_number("counter", next_of_shared_counter());
}
#endif
