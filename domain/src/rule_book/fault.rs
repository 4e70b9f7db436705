//! What is wrong in a rule book, told to the person who wrote it.

use std::fmt;

use serde::Serialize;

/// One fault, at one line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Fault {
    /// Line of the file, from 1.
    pub line: usize,
    /// The sort of fault.
    pub code: FaultCode,
    /// What is wrong and what to do, in Chinese.
    pub reason: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "第 {} 行：{}", self.line, self.reason)
    }
}

/// The sorts of fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultCode {
    /// Not TOML.
    Syntax,
    /// A value of the wrong type.
    WrongType,
    /// A required key is missing.
    MissingKey,
    /// A key that no rule book has.
    UnknownKey,
    /// A word that is not among those allowed.
    UnknownWord,
    /// A number outside its bounds, or an empty text.
    OutOfBounds,
    /// The same code twice.
    DuplicateCode,
    /// A code that the book does not define.
    UnknownReference,
    /// Least above most.
    RangeReversed,
    /// Points or caps of the wrong sign for their category.
    WrongSign,
    /// Caps that contradict each other, the award or the total.
    CapContradiction,
    /// Rules that replace each other in a circle.
    ReplaceCycle,
    /// Grade bands that overlap or leave a gap.
    GradeBands,
    /// A fraction that makes no sense.
    Fraction,
    /// Source, evidence, classes and approval that do not fit together.
    Mismatch,
    /// A topic on which no points may be given and nothing recorded.
    BannedTopic,
    /// A photo, place or check-in made mandatory.
    MandatoryTrace,
    /// An order of people or branches.
    Ranking,
}
