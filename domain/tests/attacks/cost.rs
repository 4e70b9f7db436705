//! What an act costs the thread that does it.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// What an act cost.
pub(crate) struct Cost {
    /// The most that it held at once.
    pub(crate) bytes: usize,
    /// How long it kept a processor: what else the machine did meanwhile does not count.
    pub(crate) time: Duration,
}

struct Counting;

thread_local! {
    static HELD: Cell<isize> = const { Cell::new(0) };
    static PEAK: Cell<isize> = const { Cell::new(0) };
}

fn count(bytes: isize) {
    let held = HELD.get() + bytes;
    HELD.set(held);
    PEAK.set(PEAK.get().max(held));
}

#[expect(
    unsafe_code,
    reason = "an allocator is unsafe by its trait; this one passes every call on and counts"
)]
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size() as isize);
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        count(-(layout.size() as isize));
        unsafe { System.dealloc(at, layout) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

/// What `act` gives, and what it cost.
pub(crate) fn cost<T>(act: impl FnOnce() -> T) -> (T, Cost) {
    let (held, began) = (HELD.get(), worked());
    PEAK.set(held);
    let result = act();
    (result, Cost { bytes: (PEAK.get() - held).unsigned_abs(), time: worked() - began })
}

/// How long this thread has kept a processor.
fn worked() -> Duration {
    clock_gettime(ClockId::ThreadCPUTime).try_into().expect("no thread has worked less than nothing")
}
