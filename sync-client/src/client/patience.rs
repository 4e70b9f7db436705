//! How long to wait before a busy server is asked again.

/// Before the first time, in milliseconds; each further time in a row twice as long.
const FIRST_MS: u64 = 2_000;
/// From then on it grows no more.
const MOST_DOUBLINGS: u32 = 7;

/// The wait of a phone that was turned away so often in a row before, asked to come again in so many seconds. It lies
/// anywhere between that and twice as long, as `chance` has it: phones that came together do not come together again.
pub(super) fn wait_ms(turned_away: u32, retry_after_s: Option<u32>, chance: u64) -> u64 {
    let doubled = FIRST_MS << turned_away.min(MOST_DOUBLINGS);
    let least = doubled.max(u64::from(retry_after_s.unwrap_or_default()) * 1000);
    least + chance % least
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wait_doubles_is_never_shorter_than_asked_and_is_spread() {
        let least = |turned_away, asked| wait_ms(turned_away, asked, 0);
        assert_eq!([0, 1, 2, 7, 30].map(|n| least(n, None)), [2_000, 4_000, 8_000, 256_000, 256_000]);
        assert_eq!((least(0, Some(9)), least(3, Some(9)), least(0, Some(3600))), (9_000, 16_000, 3_600_000));
        let spread: Vec<_> = (0..1000).map(|phone| wait_ms(0, Some(5), phone * 7919)).collect();
        assert!(spread.iter().all(|wait| (5_000..10_000).contains(wait)));
        let in_the_first_second = spread.iter().filter(|wait| **wait < 6_000).count();
        assert!((100..300).contains(&in_the_first_second), "a fifth of them: {in_the_first_second}");
    }
}
