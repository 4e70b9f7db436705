//! Lists in pages: each answer says where the next one begins.

use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;
use zhibu_domain::time::Millis;

use crate::error::ApiError;

/// Rows of a page when nothing is said.
pub const DEFAULT_ROWS: u32 = 50;
/// Most rows of a page: what a screen can hold, and what a request may cost.
pub const MAX_ROWS: u32 = 500;

/// One page of a list.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Page<T> {
    /// The rows.
    pub items: Vec<T>,
    /// Where the next page begins: to be sent as `after`. Absent on the last page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

impl<T> Page<T> {
    /// Out of one row more than was asked for: whether it is there says whether there is a next page.
    pub fn cut(mut rows: Vec<T>, limit: u32, cursor: impl Fn(&T) -> String) -> Self {
        let is_last = rows.len() <= limit as usize;
        rows.truncate(limit as usize);
        let next = if is_last { None } else { rows.last().map(cursor) };
        Self { items: rows, next }
    }

    /// The same page with each row turned into another.
    pub fn map<U>(self, turn: impl FnMut(T) -> U) -> Page<U> {
        Page { items: self.items.into_iter().map(turn).collect(), next: self.next }
    }
}

/// How many rows to give.
pub fn rows(asked: Option<u32>) -> u32 {
    asked.unwrap_or(DEFAULT_ROWS).clamp(1, MAX_ROWS)
}

/// The rows behind the one with this key, for lists whose order follows from no column; all of them without a key or
/// where that row is gone.
pub fn page_after<T, K: PartialEq>(
    rows: Vec<T>,
    after: Option<K>,
    key: impl Fn(&T) -> K,
) -> impl Iterator<Item = T> {
    let seen = after.and_then(|after| rows.iter().position(|row| key(row) == after)).map_or(0, |at| at + 1);
    rows.into_iter().skip(seen)
}

/// Where a list in the order of time and id goes on.
pub fn cursor(at: Millis, id: Uuid) -> String {
    format!("{}.{id}", at.0)
}

/// Reads a [`cursor`].
pub fn read_cursor(text: Option<&str>) -> Result<Option<(Millis, Uuid)>, ApiError> {
    let Some(text) = text else { return Ok(None) };
    let parts = text.split_once('.').and_then(|(at, id)| Some((Millis(at.parse().ok()?), id.parse().ok()?)));
    parts.map(Some).ok_or_else(|| ApiError::Malformed("after".into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_knows_whether_another_follows() {
        let page = |rows: &[u32], limit| Page::cut(rows.to_vec(), limit, u32::to_string);
        assert_eq!((page(&[1, 2, 3], 2).items, page(&[1, 2, 3], 2).next), (vec![1, 2], Some("2".into())));
        assert_eq!(page(&[1, 2], 2).next, None);
        assert_eq!(page(&[], 2).next, None);
        assert_eq!((rows(None), rows(Some(0)), rows(Some(u32::MAX))), (DEFAULT_ROWS, 1, MAX_ROWS));
    }

    #[test]
    fn a_cursor_comes_back_and_a_strange_one_is_refused() {
        let id = Uuid::from_u128(7);
        assert_eq!(read_cursor(Some(&cursor(Millis(-5), id))).unwrap(), Some((Millis(-5), id)));
        assert_eq!(read_cursor(None).unwrap(), None);
        for strange in ["", "5", "x.y", "5.x"] {
            assert!(matches!(read_cursor(Some(strange)), Err(ApiError::Malformed(_))), "{strange}");
        }
    }
}
