//! The page: its made blocks and its tables.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

const BEGIN: &str = "<!-- made: ";
const BEGIN_END: &str = " -->\n";
const END: &str = "<!-- end -->";

/// `PROTOCOL.md`.
pub(crate) struct Page {
    pub(crate) text: String,
}

impl Page {
    pub(crate) fn read() -> Self {
        Self { text: std::fs::read_to_string(path()).unwrap() }
    }

    /// The made blocks by name. Panics when a name comes twice or a block has no end.
    pub(crate) fn blocks(&self) -> BTreeMap<String, String> {
        let mut blocks = BTreeMap::new();
        for part in self.text.split(BEGIN).skip(1) {
            let (name, rest) = part.split_once(BEGIN_END).unwrap();
            let (block, _) = rest.split_once(END).unwrap_or_else(|| panic!("block {name:?} has no end"));
            assert!(blocks.insert(name.to_owned(), block.to_owned()).is_none(), "block {name:?} twice");
        }
        blocks
    }

    /// Writes the page with these blocks in place of its own.
    pub(crate) fn write(&self, made: &BTreeMap<String, String>) {
        let mut parts = self.text.split(BEGIN);
        let mut text = parts.next().unwrap().to_owned();
        for part in parts {
            let (name, rest) = part.split_once(BEGIN_END).unwrap();
            let (_, behind) = rest.split_once(END).unwrap();
            text += &[BEGIN, name, BEGIN_END, &made[name], END, behind].concat();
        }
        std::fs::write(path(), text).unwrap();
    }

    /// The rows of the table under a heading, cells without their backticks; not the table's own head.
    pub(crate) fn rows(&self, heading: &str) -> Vec<Vec<String>> {
        let (_, section) = self.text.split_once(&format!("{heading}\n")).unwrap();
        let section = section.split("\n## ").next().unwrap();
        let cells = |line: &str| {
            line.trim_matches('|').split('|').map(|cell| cell.trim().trim_matches('`').to_owned()).collect()
        };
        section.lines().filter(|line| line.starts_with("| `")).map(cells).collect()
    }
}

fn path() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("PROTOCOL.md")
}

/// The bytes of a block's `hex` fence; lines that begin with `#` are words about them.
pub(crate) fn hex_of(block: &str) -> Vec<u8> {
    let (_, rest) = block.split_once("```hex\n").unwrap();
    let (hex, _) = rest.split_once("```").unwrap();
    let digits: Vec<u32> = hex
        .lines()
        .filter(|line| !line.starts_with('#'))
        .flat_map(str::chars)
        .filter_map(|c| c.to_digit(16))
        .collect();
    digits.chunks(2).map(|pair| (pair[0] * 16 + pair[1]) as u8).collect()
}
