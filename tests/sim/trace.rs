//! What happened in a run, in order: its hash tells whether two runs were the same, its end is printed when one fails.

use std::cell::RefCell;
use std::collections::VecDeque;

use sha2::{Digest as _, Sha256};

/// So many of the last lines are kept.
const KEPT: usize = 60;

/// The trace of one run.
#[derive(Default)]
pub(crate) struct Trace {
    lines: RefCell<VecDeque<String>>,
    hash: RefCell<Sha256>,
    is_loud: bool,
}

impl Trace {
    /// An empty one; a loud one also tells each line as it comes.
    pub(crate) fn new(is_loud: bool) -> Self {
        Self { is_loud, ..Self::default() }
    }

    /// Something happened.
    pub(crate) fn tell(&self, line: String) {
        if self.is_loud {
            eprintln!("{line}");
        }
        self.hash.borrow_mut().update(line.as_bytes());
        let mut lines = self.lines.borrow_mut();
        if lines.len() == KEPT {
            lines.pop_front();
        }
        lines.push_back(line);
    }

    /// Of everything so far.
    pub(crate) fn hash(&self) -> [u8; 32] {
        self.hash.borrow().clone().finalize().into()
    }

    /// The last lines.
    pub(crate) fn end(&self) -> Vec<String> {
        self.lines.borrow().iter().cloned().collect()
    }
}
