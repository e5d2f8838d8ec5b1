// C++20 with its library, without streams and exceptions: what templates, inline variables and
// static constructors put into comdat groups.
#include <algorithm>
#include <array>
#include <compare>
#include <concepts>
#include <cstdio>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <ranges>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <variant>
#include <vector>

#include "cxx20_shared.h"

namespace {
struct Version {
    int major, minor;
    auto operator<=>(const Version &) const = default;
};

template <typename T>
concept Sized = requires(const T &value) {
    { value.size() } -> std::convertible_to<std::size_t>;
};

template <Sized T> std::size_t doubled_size(const T &value) { return 2 * value.size(); }
template <std::integral T> std::size_t doubled_size(T value) { return 2 * std::size_t(value); }

template <typename... T> int sum_of(T... values) { return (0 + ... + values); }

struct Logger {
    std::string name;
    explicit Logger(std::string text) : name(std::move(text)) { noted("made " + name); }
    ~Logger() { std::printf("destroyed %s, %zu notes\n", name.c_str(), notes.size()); }
};

Logger global_logger("global logger with a long name");
const std::map<std::string, int> numbers = {{"one", 1}, {"two", 2}, {"three", 3}};

std::string describe(const std::variant<int, std::string, Version> &value) {
    return std::visit(
        [](const auto &held) -> std::string {
            using T = std::decay_t<decltype(held)>;
            if constexpr (std::same_as<T, int>)
                return "int " + std::to_string(held);
            else if constexpr (std::same_as<T, std::string>)
                return "string " + held;
            else
                return "version " + std::to_string(held.major) + "." + std::to_string(held.minor);
        },
        value);
}
} // namespace

int main() {
    static Logger local_logger("local");
    for (const auto &[name, value] : numbers)
        std::printf("%s=%d\n", name.c_str(), value);
    std::vector<int> values(20);
    std::ranges::generate(values, [next = 7]() mutable { return next = next * 31 % 97; });
    std::ranges::sort(values, std::ranges::greater{});
    auto even = values | std::views::filter([](int v) { return v % 2 == 0; }) |
                std::views::transform([](int v) { return v / 2; }) | std::views::take(4);
    for (int value : even)
        std::printf("%d ", value);
    std::printf("\n%zu %zu %d\n", doubled_size(values), doubled_size(21), sum_of(1, 2, 3, 4));
    std::printf("%d %d\n", Version{1, 2} < Version{1, 10}, Version{2, 0} == Version{2, 0});
    for (const auto &value : {std::variant<int, std::string, Version>{42}, {"text"},
                              {Version{3, 4}}})
        std::printf("%s\n", describe(value).c_str());
    std::vector<std::unique_ptr<Shape>> shapes;
    shapes.push_back(make_square(3));
    shapes.push_back(make_circle(2));
    shapes.push_back(std::make_unique<Scaled<Square>>(2, 10));
    std::sort(shapes.begin(), shapes.end(),
              [](const auto &a, const auto &b) { return a->area() < b->area(); });
    for (const auto &shape : shapes)
        std::printf("%s %g\n", shape->name().c_str(), shape->area());
    std::unordered_map<std::string_view, std::function<int(int)>> functions;
    functions["double"] = [](int value) { return 2 * value; };
    functions["count"] = [](int value) { return value + int(numbers.size()); };
    std::optional<int> found;
    if (auto it = functions.find("count"); it != functions.end())
        found = it->second(functions.at("double")(5));
    std::printf("%d shared %d %d\n", found.value_or(-1), shared_counter, other_shared_counter());
    std::array<int, 4> digits{4, 3, 2, 1};
    std::printf("%d %zu\n", total(std::span<const int>(digits)), notes.size());
    return 0;
}
