//! Where in the file each value stands.

use std::collections::{BTreeMap, BTreeSet};

/// Lines by path (`point_rules[3].caps[0].points`), and the paths whose value could not be read.
#[derive(Debug, Default)]
pub(super) struct Lines {
    by_path: BTreeMap<String, usize>,
    broken: BTreeSet<String>,
}

impl Lines {
    /// Remembers the line of a path.
    pub(super) fn note(&mut self, path: &str, line: usize) {
        self.by_path.insert(path.to_owned(), line);
    }

    /// Remembers that the value at this path stands for nothing.
    pub(super) fn note_broken(&mut self, path: &str) {
        self.broken.insert(path.to_owned());
    }

    /// The line of a path, or of the nearest thing around it.
    pub(super) fn line_of(&self, path: &str) -> usize {
        let mut path = path;
        loop {
            if let Some(line) = self.by_path.get(path) {
                return *line;
            }
            match path.rfind(['.', '[']) {
                Some(end) => path = &path[..end],
                None => return 1,
            }
        }
    }

    /// Whether anything at or below this path could not be read: checks of it would mislead.
    pub(super) fn is_broken(&self, path: &str) -> bool {
        self.broken
            .range(path.to_owned()..)
            .take_while(|one| one.starts_with(path))
            .any(|one| matches!(one.as_bytes().get(path.len()), None | Some(b'.' | b'[')))
    }
}
