//! The example book, and every reason for which a book is refused.

mod example;
mod refusals;
