//! What the server says of itself between two readings of its `/metrics`.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

/// One reading: the sum of each series over its labels, and of each histogram's buckets by their upper bound.
#[derive(Debug, Default)]
pub(crate) struct Reading {
    sums: BTreeMap<String, f64>,
    buckets: BTreeMap<String, Vec<(f64, f64)>>,
}

impl Reading {
    /// Reads the text format.
    pub(crate) fn of(text: &str) -> Self {
        let mut reading = Self::default();
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            let Some((series, value)) = line.rsplit_once(' ') else { continue };
            let Ok(value) = value.parse::<f64>() else { continue };
            let (name, labels) = series.split_once('{').unwrap_or((series, ""));
            let bound = labels.split(['{', ',', '}']).find_map(|label| label.strip_prefix("le=\""));
            match (name.strip_suffix("_bucket"), bound) {
                (Some(name), Some(bound)) => {
                    let bound = bound.trim_end_matches('"').parse().unwrap_or(f64::INFINITY);
                    reading.add_to_bucket(name, bound, value);
                }
                _ => *reading.sums.entry(name.to_owned()).or_default() += value,
            }
        }
        reading
    }

    fn add_to_bucket(&mut self, name: &str, bound: f64, count: f64) {
        let buckets = self.buckets.entry(name.to_owned()).or_default();
        match buckets.iter_mut().find(|(known, _)| *known == bound) {
            Some((_, sum)) => *sum += count,
            None => buckets.push((bound, count)),
        }
    }

    /// What was added to a counter since an earlier reading; none if the server does not count it.
    pub(crate) fn counted_since(&self, earlier: &Self, name: &str) -> Option<u64> {
        let before = earlier.sums.get(name).copied().unwrap_or_default();
        Some((self.sums.get(name)? - before).round() as u64)
    }

    /// A quantile, in microseconds, of what a histogram of seconds took in since an earlier reading: within its
    /// bucket every value counts as equally likely.
    pub(crate) fn quantile_us(&self, earlier: &Self, name: &str, share: f64) -> Option<f64> {
        let mut buckets = self.buckets.get(name)?.clone();
        buckets.sort_by(|a, b| a.0.total_cmp(&b.0));
        let old = earlier.buckets.get(name);
        for (bound, count) in &mut buckets {
            let before = old.and_then(|old| old.iter().find(|(same, _)| same == bound));
            *count -= before.map_or(0.0, |(_, count)| *count);
        }
        let sought = buckets.last()?.1 * share;
        let (mut below, mut passed) = (0.0, 0.0);
        for (bound, count) in buckets {
            if count >= sought && count > 0.0 {
                // Nothing is known of values beyond the last bound but that they are at least that large.
                let bound = if bound.is_finite() { bound } else { below };
                let within = if count > passed { (sought - passed) / (count - passed) } else { 1.0 };
                return Some(((below + (bound - below) * within) * 1e7).round() / 10.0);
            }
            (below, passed) = (bound, count);
        }
        None
    }

    /// Of every histogram of seconds: how many, their mean, p50, p95, p99 and the bound of the longest in
    /// microseconds.
    pub(crate) fn stages(&self, earlier: &Self) -> Value {
        let mut stages = Map::new();
        for name in self.buckets.keys().filter(|name| name.ends_with("_seconds")) {
            let added = |suffix: &str| {
                let series = format!("{name}{suffix}");
                self.sums.get(&series).map(|now| now - earlier.sums.get(&series).copied().unwrap_or_default())
            };
            let (Some(count), Some(sum)) = (added("_count"), added("_sum")) else { continue };
            if count > 0.0 {
                let quantile = |share| self.quantile_us(earlier, name, share);
                let short = name.trim_start_matches("zhibu_").trim_end_matches("_seconds");
                let mean_us = (sum / count * 1e7).round() / 10.0;
                let stage = json!({ "count": count, "mean_us": mean_us, "p50_us": quantile(0.5), "p95_us": quantile(0.95), "p99_us": quantile(0.99), "max_us": quantile(1.0) });
                stages.insert(short.to_owned(), stage);
            }
        }
        Value::Object(stages)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BEFORE: &str = "# TYPE zhibu_gate_seconds histogram\n\
        zhibu_gate_seconds_bucket{le=\"0.00001\"} 10\n\
        zhibu_gate_seconds_bucket{le=\"0.0001\"} 10\n\
        zhibu_gate_seconds_bucket{le=\"+Inf\"} 10\n\
        zhibu_gate_seconds_sum 0.00005\nzhibu_gate_seconds_count 10\n\
        zhibu_changes_total{outcome=\"stored\"} 7\nzhibu_changes_total{outcome=\"refused\"} 1\n";
    const AFTER: &str = "zhibu_gate_seconds_bucket{le=\"0.00001\"} 20\n\
        zhibu_gate_seconds_bucket{le=\"0.0001\"} 110\n\
        zhibu_gate_seconds_bucket{le=\"+Inf\"} 110\n\
        zhibu_gate_seconds_sum 0.00505\nzhibu_gate_seconds_count 110\n\
        zhibu_changes_total{outcome=\"stored\"} 17\nzhibu_changes_total{outcome=\"refused\"} 1\n";

    #[test]
    fn what_happened_before_does_not_count() {
        let (before, after) = (Reading::of(BEFORE), Reading::of(AFTER));
        assert_eq!(after.counted_since(&before, "zhibu_changes_total"), Some(10));
        assert_eq!(after.counted_since(&before, "zhibu_no_such_total"), None);
        assert_eq!(after.quantile_us(&before, "zhibu_gate_seconds", 0.55), Some(55.0));
        assert_eq!(after.quantile_us(&before, "zhibu_gate_seconds", 0.05), Some(5.0));
        assert_eq!(after.stages(&before)["gate"]["mean_us"], 50.0);
    }
}
