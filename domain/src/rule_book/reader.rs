//! Reading TOML tables so that every fault is collected with its line, instead of stopping at the first.

use std::collections::BTreeSet;
use std::ops::{Range, RangeInclusive};

use jiff::civil::Date;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::ban;
use super::fault::{Fault, FaultCode};
use super::lines::Lines;
use crate::words::Word;

/// What a reading has found so far.
pub(super) struct Reading {
    line_starts: Vec<usize>,
    /// Where each value stands.
    pub(super) lines: Lines,
    /// What is wrong.
    pub(super) faults: Vec<Fault>,
}

impl Reading {
    /// A reading of this text.
    pub(super) fn new(text: &str) -> Self {
        let ends = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at + 1);
        Self {
            line_starts: std::iter::once(0).chain(ends).collect(),
            lines: Lines::default(),
            faults: Vec::new(),
        }
    }

    /// The line of a byte offset, from 1.
    pub(super) fn line_at(&self, span: Range<usize>) -> usize {
        self.line_starts.partition_point(|start| *start <= span.start)
    }

    /// Notes a fault at the line of a path.
    pub(super) fn fault(&mut self, path: &str, code: FaultCode, reason: String) {
        let line = self.lines.line_of(path);
        self.faults.push(Fault { line, code, reason });
    }

    /// Notes that the value at a path cannot be read.
    fn broken(&mut self, path: &str, code: FaultCode, reason: String) {
        self.lines.note_broken(path);
        self.fault(path, code, reason);
    }
}

/// One table under reading. [`Section::close`] reports the keys that nobody asked for.
pub(super) struct Section<'t> {
    table: &'t DeTable<'t>,
    path: String,
    asked: BTreeSet<&'static str>,
}

impl<'t> Section<'t> {
    /// The root table, or one of an array.
    pub(super) fn open(table: &'t DeTable<'t>, path: String, reading: &mut Reading) -> Self {
        for (key, _) in table {
            let line = reading.line_at(key.span());
            reading.lines.note(&join(&path, key.get_ref()), line);
        }
        Self { table, path, asked: BTreeSet::new() }
    }

    /// Whether the key is written, without reading it.
    pub(super) fn has(&self, key: &str) -> bool {
        self.table.contains_key(key)
    }

    fn find(&mut self, key: &'static str) -> Option<&'t DeValue<'t>> {
        self.asked.insert(key);
        self.table.get(key).map(Spanned::get_ref)
    }

    fn require(&mut self, reading: &mut Reading, key: &'static str) -> Option<&'t DeValue<'t>> {
        let found = self.find(key);
        if found.is_none() {
            let path = join(&self.path, key);
            let reason = format!("缺少“{key}”，请补上这一项");
            reading.broken(&path, FaultCode::MissingKey, reason);
        }
        found
    }

    /// A text that is not blank.
    pub(super) fn text(&mut self, reading: &mut Reading, key: &'static str) -> String {
        let path = join(&self.path, key);
        let Some(value) = self.require(reading, key) else { return String::new() };
        read_text(reading, &path, key, value)
    }

    /// Texts, or none if the key is missing.
    pub(super) fn texts(&mut self, reading: &mut Reading, key: &'static str) -> Vec<String> {
        self.list(reading, key, |reading, path, value| read_text(reading, path, key, value))
    }

    /// One of a closed set of words.
    pub(super) fn word<W: Word>(&mut self, reading: &mut Reading, key: &'static str) -> W {
        let path = join(&self.path, key);
        match self.require(reading, key) {
            Some(value) => read_word(reading, &path, key, value),
            None => W::ALL[0],
        }
    }

    /// Words of a closed set, or none if the key is missing.
    pub(super) fn words<W: Word>(&mut self, reading: &mut Reading, key: &'static str) -> Vec<W> {
        self.list(reading, key, |reading, path, value| read_word(reading, path, key, value))
    }

    /// A whole number within bounds.
    pub(super) fn number(
        &mut self,
        reading: &mut Reading,
        key: &'static str,
        bounds: RangeInclusive<i64>,
    ) -> i64 {
        let path = join(&self.path, key);
        match self.require(reading, key) {
            Some(value) => read_number(reading, &path, key, value, bounds),
            None => *bounds.start(),
        }
    }

    /// A whole number within bounds, if it is written.
    pub(super) fn maybe_number(
        &mut self,
        reading: &mut Reading,
        key: &'static str,
        bounds: RangeInclusive<i64>,
    ) -> Option<i64> {
        let path = join(&self.path, key);
        self.find(key).map(|value| read_number(reading, &path, key, value, bounds))
    }

    /// Whole numbers within bounds, or none if the key is missing.
    pub(super) fn numbers(
        &mut self,
        reading: &mut Reading,
        key: &'static str,
        bounds: RangeInclusive<i64>,
    ) -> Vec<i64> {
        self.list(reading, key, |reading, path, value| read_number(reading, path, key, value, bounds.clone()))
    }

    /// Yes or no, with a default.
    pub(super) fn flag(&mut self, reading: &mut Reading, key: &'static str, default: bool) -> bool {
        let path = join(&self.path, key);
        let Some(value) = self.find(key) else { return default };
        value.as_bool().unwrap_or_else(|| {
            let reason = format!("“{key}”只能写 true 或 false");
            reading.broken(&path, FaultCode::WrongType, reason);
            default
        })
    }

    /// A date such as `2026-01-01`, without quotes and without a time.
    pub(super) fn date(&mut self, reading: &mut Reading, key: &'static str) -> Date {
        let path = join(&self.path, key);
        let Some(value) = self.require(reading, key) else { return Date::MIN };
        read_date(value).unwrap_or_else(|| {
            let reason = format!("“{key}”要写成日期，例如 2026-01-01，不加引号，不带时刻");
            reading.broken(&path, FaultCode::WrongType, reason);
            Date::MIN
        })
    }

    /// A table, if it is written.
    pub(super) fn maybe_section(&mut self, reading: &mut Reading, key: &'static str) -> Option<Section<'t>> {
        let path = join(&self.path, key);
        let value = self.find(key)?;
        match value.as_table() {
            Some(table) => Some(Section::open(table, path, reading)),
            None => {
                let reason = format!("“{key}”要写成一组“键 = 值”，例如 {{ min = 0, max = 100 }}");
                reading.broken(&path, FaultCode::WrongType, reason);
                None
            }
        }
    }

    /// A table.
    pub(super) fn section(&mut self, reading: &mut Reading, key: &'static str) -> Option<Section<'t>> {
        self.require(reading, key)?;
        self.maybe_section(reading, key)
    }

    /// The tables of an array, each read by `read`; none if the key is missing.
    pub(super) fn sections<T>(
        &mut self,
        reading: &mut Reading,
        key: &'static str,
        mut read: impl FnMut(&mut Reading, &mut Section<'t>) -> T,
    ) -> Vec<T> {
        let rows = self.list(reading, key, |reading, path, value| match value.as_table() {
            Some(table) => Some(Section::open(table, path.to_owned(), reading)),
            None => {
                let reason = format!("“{key}”的每一项要写成一组“键 = 值”");
                reading.broken(path, FaultCode::WrongType, reason);
                None
            }
        });
        let read_one = |mut section: Section<'t>| {
            let row = read(reading, &mut section);
            section.close(reading);
            row
        };
        rows.into_iter().flatten().map(read_one).collect()
    }

    /// All keys of this table with their text, for tables whose keys are data.
    pub(super) fn entries(&mut self, reading: &mut Reading) -> Vec<(String, String)> {
        let mut entries = Vec::new();
        for (key, value) in self.table {
            let path = join(&self.path, key.get_ref());
            let text = read_text(reading, &path, key.get_ref(), value.get_ref());
            entries.push((key.get_ref().to_string(), text));
        }
        entries
    }

    fn list<T>(
        &mut self,
        reading: &mut Reading,
        key: &'static str,
        mut read: impl FnMut(&mut Reading, &str, &'t DeValue<'t>) -> T,
    ) -> Vec<T> {
        let path = join(&self.path, key);
        let Some(value) = self.find(key) else { return Vec::new() };
        let Some(items) = value.as_array() else {
            let reason = format!("“{key}”要写成列表，用方括号括起来");
            reading.broken(&path, FaultCode::WrongType, reason);
            return Vec::new();
        };
        let mut list = Vec::new();
        for (at, item) in items.iter().enumerate() {
            let path = format!("{path}[{at}]");
            let line = reading.line_at(item.span());
            reading.lines.note(&path, line);
            list.push(read(reading, &path, item.get_ref()));
        }
        list
    }

    /// Reports every key that was not asked for.
    pub(super) fn close(self, reading: &mut Reading) {
        for (key, value) in self.table {
            let key = key.get_ref().as_ref();
            if self.asked.contains(key) {
                continue;
            }
            let (code, reason) = ban::judge_key(key, value.get_ref())
                .unwrap_or_else(|| (FaultCode::UnknownKey, format!("不认识“{key}”这一项，请检查拼写或删去")));
            reading.fault(&join(&self.path, key), code, reason);
        }
    }
}

fn join(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}

fn read_text(reading: &mut Reading, path: &str, key: &str, value: &DeValue<'_>) -> String {
    let Some(text) = value.as_str() else {
        reading.broken(path, FaultCode::WrongType, format!("“{key}”要写成文字，用引号括起来"));
        return String::new();
    };
    if text.trim().is_empty() {
        reading.broken(path, FaultCode::OutOfBounds, format!("“{key}”不能是空的"));
    }
    text.trim().to_owned()
}

fn read_word<W: Word>(reading: &mut Reading, path: &str, key: &str, value: &DeValue<'_>) -> W {
    if let Some(word) = value.as_str().and_then(|word| word.parse().ok()) {
        return word;
    }
    let banned = value.as_str().and_then(ban::judge_word);
    let (code, reason) = banned.unwrap_or_else(|| {
        let allowed: Vec<&str> = W::ALL.iter().map(|one| one.as_str()).collect();
        (FaultCode::UnknownWord, format!("“{key}”只能从这些词里选：{}", allowed.join("、")))
    });
    reading.broken(path, code, reason);
    W::ALL[0]
}

fn read_number(
    reading: &mut Reading,
    path: &str,
    key: &str,
    value: &DeValue<'_>,
    bounds: RangeInclusive<i64>,
) -> i64 {
    let Some(integer) = value.as_integer() else {
        reading.broken(path, FaultCode::WrongType, format!("“{key}”要写成整数，不加引号，不带小数"));
        return *bounds.start();
    };
    let number = i64::from_str_radix(integer.as_str(), integer.radix()).ok();
    match number.filter(|number| bounds.contains(number)) {
        Some(number) => number,
        None => {
            let reason = format!("“{key}”要在 {} 到 {} 之间", bounds.start(), bounds.end());
            reading.broken(path, FaultCode::OutOfBounds, reason);
            *bounds.start()
        }
    }
}

fn read_date(value: &DeValue<'_>) -> Option<Date> {
    let written = value.as_datetime()?;
    if written.time.is_some() || written.offset.is_some() {
        return None;
    }
    let date = written.date?;
    let (month, day) = (i8::try_from(date.month).ok()?, i8::try_from(date.day).ok()?);
    Date::new(i16::try_from(date.year).ok()?, month, day).ok()
}
