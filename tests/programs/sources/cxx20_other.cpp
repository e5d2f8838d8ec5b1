// The second file of the C++20 program: it has the same inline things.
#include "cxx20_shared.h"

namespace {
struct Circle : Shape {
    double radius;
    explicit Circle(double value) : radius(value) {}
    double area() const override { return 3 * radius * radius; }
};

struct Early {
    Early() { shared_counter += 1; }
};
struct Registered {
    Registered() { noted("registered by the other file"); }
};

[[gnu::init_priority(200)]] Early early;
Registered late;
} // namespace

std::unique_ptr<Shape> make_square(double side) {
    return std::make_unique<Scaled<Square>>(side, 1);
}

std::unique_ptr<Shape> make_circle(double radius) { return std::make_unique<Circle>(radius); }

int other_shared_counter() {
    const int numbers[] = {1, 2};
    return shared_counter + total(std::span<const int>(numbers));
}
