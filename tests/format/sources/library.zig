const std = @import("std");

extern fn outside(i32) i32;

var counter: u32 = 3;
const names = [_][]const u8{ "ab", "cd" };

export fn add(a: i32, b: i32) i32 {
    counter += 1;
    return a + outside(b) + @as(i32, names[counter & 1][0]);
}

export fn length(x: u32) usize {
    var buffer: [64]u8 = undefined;
    const text = std.fmt.bufPrint(&buffer, "{d}", .{x}) catch return 0;
    return text.len;
}
