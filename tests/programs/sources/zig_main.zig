//! A Zig program: its standard library, hash map and formatting, and no libc.
const std = @import("std");

const Vector = extern struct { bytes: [*]const u8, size: usize };
extern "wasi_snapshot_preview1" fn fd_write(file: i32, vectors: *const Vector, count: usize, written: *usize) u16;

fn print(comptime format: []const u8, arguments: anytype) void {
    var buffer: [256]u8 = undefined;
    const text = std.fmt.bufPrint(&buffer, format, arguments) catch unreachable;
    var written: usize = 0;
    _ = fd_write(1, &.{ .bytes = text.ptr, .size = text.len }, 1, &written);
}

const Shape = union(enum) {
    square: f64,
    circle: f64,

    fn area(shape: Shape) f64 {
        return switch (shape) {
            .square => |side| side * side,
            .circle => |radius| 3 * radius * radius,
        };
    }
};

var total: u64 = 1;
const names = [_][]const u8{ "one", "two", "three" };

pub fn main() void {
    var squares = std.AutoHashMap(u32, u64).init(std.heap.page_allocator);
    defer squares.deinit();
    for (0..1000) |number| {
        squares.put(@intCast(number), number * number) catch unreachable;
    }
    var number: u32 = 0;
    while (number < 1000) : (number += 1) total += squares.get(number).?;
    print("{d} {d}\n", .{ squares.count(), total });
    for (names, 1..) |name, value| print("{s}={d}\n", .{ name, value });
    for ([_]Shape{ .{ .square = 1.5 }, .{ .circle = 2 } }) |shape| print("{d:.2}\n", .{shape.area()});
}
