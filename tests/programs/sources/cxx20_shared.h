// What both files of the program define: inline variables and functions, virtual tables.
#ifndef CXX20_SHARED_H
#define CXX20_SHARED_H

#include <memory>
#include <span>
#include <string>
#include <vector>

inline std::vector<std::string> notes = {"first"};
inline int shared_counter = 100;
inline constinit int table_of_squares[] = {0, 1, 4, 9};

inline void noted(const std::string &text) {
    notes.push_back(text);
    shared_counter += 1;
}

struct Shape {
    virtual ~Shape() = default;
    virtual double area() const = 0;
    virtual std::string name() const { return "shape"; }
};

struct Square : Shape {
    double side;
    explicit Square(double value) : side(value) {}
    double area() const override { return side * side; }
    std::string name() const override { return "square"; }
};

template <typename Base> struct Scaled : Base {
    double factor;
    Scaled(double value, double times) : Base(value), factor(times) {}
    double area() const override { return factor * Base::area(); }
    std::string name() const override { return "scaled " + Base::name(); }
};

template <typename T> T total(std::span<const T> values) {
    static int calls = table_of_squares[3];
    T sum = T(calls++);
    for (const T &value : values)
        sum += value;
    return sum;
}

std::unique_ptr<Shape> make_square(double side);
std::unique_ptr<Shape> make_circle(double radius);
int other_shared_counter();

#endif
