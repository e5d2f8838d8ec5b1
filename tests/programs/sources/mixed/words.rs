#![no_std]
use core::fmt::{self, Write};
use core::panic::PanicInfo;
use core::sync::atomic::{AtomicU32, Ordering};

extern "C" {
    fn c_log(text: *const u8, size: usize);
}

/// A line that is handed to C when it is complete.
struct Line {
    bytes: [u8; 80],
    used: usize,
}

impl Write for Line {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for byte in text.bytes() {
            let place = self.bytes.get_mut(self.used).ok_or(fmt::Error)?;
            *place = byte;
            self.used += 1;
        }
        Ok(())
    }
}

fn log(arguments: fmt::Arguments) {
    LINES.fetch_add(1, Ordering::Relaxed);
    let mut line = Line { bytes: [0; 80], used: 0 };
    line.write_fmt(arguments).unwrap();
    unsafe { c_log(line.bytes.as_ptr(), line.used) };
}

trait Shape {
    fn area(&self) -> f64;
    fn name(&self) -> &'static str {
        "shape"
    }
}

struct Square(f64);
struct Circle(f64);

impl Shape for Square {
    fn area(&self) -> f64 {
        self.0 * self.0
    }
    fn name(&self) -> &'static str {
        "square"
    }
}

impl Shape for Circle {
    fn area(&self) -> f64 {
        3.0 * self.0 * self.0
    }
}

static LINES: AtomicU32 = AtomicU32::new(0);
static SHAPES: [&(dyn Shape + Sync); 3] = [&Square(1.5), &Circle(2.0), &Square(3.0)];

#[no_mangle]
pub static RUST_TABLE: [u16; 4] = [1, 20, 300, 4000];

#[no_mangle]
pub unsafe extern "C" fn rust_words(text: *const u8, size: usize) -> u32 {
    let text = core::str::from_utf8(core::slice::from_raw_parts(text, size)).unwrap();
    let mut words = [""; 16];
    let mut count = 0;
    for (place, word) in words.iter_mut().zip(text.split_whitespace()) {
        *place = word;
        count += 1;
    }
    let words = &mut words[..count];
    words.sort_unstable_by(|a, b| b.len().cmp(&a.len()).then(a.cmp(b)));
    for word in words.iter() {
        log(format_args!("{word:?} {}", word.chars().count()));
    }
    LINES.load(Ordering::Relaxed)
}

#[no_mangle]
pub extern "C" fn rust_shapes() {
    let mut sum = 0.0;
    for shape in SHAPES {
        sum += shape.area();
        log(format_args!("{} {:.2}", shape.name(), shape.area()));
    }
    log(format_args!("sum {sum} {:?} {:#x}", 1u128 << 100, i64::MIN));
}

#[panic_handler]
fn panic(_: &PanicInfo) -> ! {
    core::arch::wasm32::unreachable()
}
