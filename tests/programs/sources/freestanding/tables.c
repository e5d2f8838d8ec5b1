// Tables of pointers: to functions, to the middle of data, to strings that several files share.
#include "shared.h"

static int add(int a, int b) { return a + b; }
static int subtract(int a, int b) { return a - b; }
int multiply(int a, int b) { return a * b; }
__attribute__((weak)) int divide(int a, int b) { return b ? a / b : 0; }

const struct named_operation named_operations[] = {
    {"add", add}, {"subtract", subtract}, {"multiply", multiply}, {"divide", divide},
};
const int named_operation_count = sizeof named_operations / sizeof named_operations[0];

operation mutable_operations[4] = {add, add, multiply, divide};

int numbers[16] = {1, 2, 3, 5, 8, 13, 21, 34, 55, 89};
int *const middle_of_numbers = &numbers[8];

__attribute__((section("registry"), used)) static int registered_here = 100;
