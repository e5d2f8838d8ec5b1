// C++ with the standard library: containers, streams, virtual calls, static constructors.
#include <algorithm>
#include <iostream>
#include <map>
#include <memory>
#include <string>
#include <vector>

struct Shape {
    virtual ~Shape() = default;
    virtual double area() const = 0;
};
struct Square : Shape {
    double side;
    explicit Square(double value) : side(value) {}
    double area() const override { return side * side; }
};
struct Circle : Shape {
    double radius;
    explicit Circle(double value) : radius(value) {}
    double area() const override { return 3 * radius * radius; }
};

static const std::map<std::string, int> table = {{"one", 1}, {"two", 2}, {"three", 3}};

int main() {
    std::vector<std::unique_ptr<Shape>> shapes;
    shapes.push_back(std::make_unique<Circle>(2));
    shapes.push_back(std::make_unique<Square>(3));
    std::sort(shapes.begin(), shapes.end(),
              [](const auto &a, const auto &b) { return a->area() < b->area(); });
    for (const auto &shape : shapes)
        std::cout << shape->area() << '\n';
    for (const auto &[name, value] : table)
        std::cout << name << '=' << value << '\n';
}
