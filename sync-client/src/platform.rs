//! Every difference between a laptop and a browser that code can see, in one place: the clock and randomness.
//!
//! Nothing else in this crate asks for the time or for random bytes: they come through [`Surroundings`], so that
//! tests bring their own.

use zhibu_domain::ids::new_v7;
use zhibu_domain::time::Millis;

/// What surrounds the client: time and chance.
pub trait Surroundings: Send + Sync {
    /// The clock of this device, right or wrong.
    fn now(&self) -> Millis;

    /// Ten unpredictable bytes; none when the system has no randomness to give.
    fn random(&self) -> Option<[u8; 10]>;

    /// A fresh time-ordered id.
    fn new_id(&self) -> Option<uuid::Uuid> {
        self.random().map(|random| new_v7(self.now(), random))
    }
}

/// The real clock and the system's randomness.
#[derive(Debug, Clone, Copy, Default)]
pub struct RealSurroundings;

impl Surroundings for RealSurroundings {
    fn now(&self) -> Millis {
        clock::now()
    }

    fn random(&self) -> Option<[u8; 10]> {
        let mut bytes = [0; 10];
        getrandom::fill(&mut bytes).ok().map(|()| bytes)
    }
}

#[cfg(not(target_arch = "wasm32"))]
mod clock {
    use std::time::{SystemTime, UNIX_EPOCH};

    use zhibu_domain::time::Millis;

    #[expect(clippy::disallowed_methods, reason = "this is the one clock of the client")]
    pub(super) fn now() -> Millis {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }
}

#[cfg(target_arch = "wasm32")]
mod clock {
    use zhibu_domain::time::Millis;

    pub(super) fn now() -> Millis {
        // A float of whole milliseconds, exact for the next quarter of a million years.
        Millis(js_sys::Date::now() as i64)
    }
}
