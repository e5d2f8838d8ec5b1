//! An object in Zig that is linked with one in C: data and functions in both directions.

const std = @import("std");

extern fn c_log(text: [*]const u8, size: usize) void;
extern var c_counter: i32;
extern const c_names: [3][*]const u8;

const Operation = *const fn (i32, i32) callconv(.c) i32;

fn add(a: i32, b: i32) callconv(.c) i32 {
    return a +% b;
}

fn multiply(a: i32, b: i32) callconv(.c) i32 {
    return a *% b;
}

export const zig_operations = [_]Operation{ &add, &multiply, &zig_power };
export var zig_counter: i32 = 40;
export var zig_buffer: [64]u8 align(32) = @splat(0);

const Kind = enum { small, medium, large };

const primes = blk: {
    @setEvalBranchQuota(5000);
    var found: [16]u16 = undefined;
    var count: usize = 0;
    var candidate: u16 = 2;
    while (count < found.len) : (candidate += 1) {
        for (found[0..count]) |prime| {
            if (candidate % prime == 0) break;
        } else {
            found[count] = candidate;
            count += 1;
        }
    }
    break :blk found;
};

export fn zig_power(base: i32, exponent: i32) i32 {
    var result: i32 = 1;
    for (0..@intCast(exponent)) |_| result *%= base;
    return result;
}

fn kindOf(number: u32) error{TooLarge}!Kind {
    return switch (number) {
        0...9 => .small,
        10...99 => .medium,
        100...999 => .large,
        else => error.TooLarge,
    };
}

fn log(comptime format: []const u8, arguments: anytype) void {
    const text = std.fmt.bufPrint(&zig_buffer, format, arguments) catch "too long";
    c_log(text.ptr, text.len);
}

export fn zig_run(number: u32) i32 {
    c_counter += 1;
    zig_counter += c_counter;
    if (kindOf(number)) |kind| {
        log("{s} {d}", .{ @tagName(kind), number });
    } else |problem| {
        log("{s}", .{@errorName(problem)});
    }
    log("prime {d} {s}", .{ primes[number % primes.len], c_names[number % 3][0..3] });
    return zig_counter;
}
