//! What is counted where it happens: commits, changes by what became of them, refusals by code, requests by route.

use std::sync::LazyLock;

use metrics::{Counter, Histogram, counter, histogram};
use zhibu_domain::refusal::RefusalCode;
use zhibu_domain::wire::{EnvelopeReceipt, ErrorCode, Receipt};

use super::{Described, describe_counters};

/// Envelopes in one commit.
pub(super) const ENVELOPES_OF_COMMIT: &str = "zhibu_commit_envelopes";
const COMMITS: &str = "zhibu_commits_total";
const CHANGES: &str = "zhibu_changes_total";
const REFUSALS: &str = "zhibu_refusals_total";
const REQUESTS: &str = "zhibu_requests_total";
const ERRORS: &str = "zhibu_errors_total";
const OPENED: &str = "zhibu_connections_opened_total";
const CLOSED: &str = "zhibu_connections_closed_total";
const COMPACTED: &str = "zhibu_compacted_bytes_total";
const DAMAGED: &str = "zhibu_damaged_rows_total";

const COUNTERS: [Described; 9] = [
    (COMMITS, "Commits of the writer that went through"),
    (CHANGES, "Changes by what became of them: stored, duplicate, refused"),
    (REFUSALS, "Changes and whole envelopes that were refused, by code"),
    (REQUESTS, "Requests by method, route and status"),
    (ERRORS, "Requests that got an error body, by code"),
    (OPENED, "Connections of phones and consoles that were taken in"),
    (CLOSED, "Connections of phones and consoles that ended"),
    (COMPACTED, "Bytes of changes that went into packs"),
    (DAMAGED, "Rows of the log that were not what was written, and not sent"),
];

pub(super) fn describe() {
    describe_counters(&COUNTERS);
    metrics::describe_histogram!(ENVELOPES_OF_COMMIT, "Envelopes in one commit");
}

/// Counters begin at zero, so that the first refusal is seen as a rise.
pub(super) fn begin() {
    LazyLock::force(&COUNTED);
    counter!(COMPACTED).increment(0);
    counter!(DAMAGED).increment(0);
    for code in RefusalCode::ALL {
        counter!(REFUSALS, "code" => code.as_str()).increment(0);
    }
    for code in ErrorCode::ALL {
        counter!(ERRORS, "code" => code.as_str()).increment(0);
    }
}

struct Counted {
    opened: Counter,
    closed: Counter,
    commits: Counter,
    envelopes: Histogram,
    stored: Counter,
    duplicate: Counter,
    refused: Counter,
}

static COUNTED: LazyLock<Counted> = LazyLock::new(|| Counted {
    opened: counter!(OPENED),
    closed: counter!(CLOSED),
    commits: counter!(COMMITS),
    envelopes: histogram!(ENVELOPES_OF_COMMIT),
    stored: counter!(CHANGES, "outcome" => "stored"),
    duplicate: counter!(CHANGES, "outcome" => "duplicate"),
    refused: counter!(CHANGES, "outcome" => "refused"),
});

/// One commit went through, with that many envelopes.
pub fn commit(envelopes: usize) {
    COUNTED.commits.increment(1);
    COUNTED.envelopes.record(envelopes as f64);
}

/// A connection was taken in.
pub fn connection_opened() {
    COUNTED.opened.increment(1);
}

/// A connection ended.
pub fn connection_closed() {
    COUNTED.closed.increment(1);
}

/// An envelope got its answer.
pub fn receipt(receipt: &EnvelopeReceipt) {
    if let Some(refusal) = &receipt.refused {
        refused(refusal.code);
    }
    for change in &receipt.changes {
        match change {
            Receipt::Stored(_) => COUNTED.stored.increment(1),
            Receipt::Duplicate(_) => COUNTED.duplicate.increment(1),
            Receipt::Refused(refusal) => {
                COUNTED.refused.increment(1);
                refused(refusal.code);
            }
        }
    }
}

fn refused(code: RefusalCode) {
    counter!(REFUSALS, "code" => code.as_str()).increment(1);
}

/// Changes of that many bytes went into packs.
pub fn compacted(bytes: u64) {
    counter!(COMPACTED).increment(bytes);
}

/// A row of the log is not what was written.
pub fn damaged() {
    counter!(DAMAGED).increment(1);
}

/// A request was answered. `route` is the pattern and never the path.
pub fn request(method: &str, route: &str, status: u16, error: Option<ErrorCode>) {
    // Whoever asks may invent methods; there shall be no more labels for that.
    let method =
        ["GET", "POST", "PUT", "DELETE"].into_iter().find(|known| *known == method).unwrap_or("other");
    let (route, status) = (route.to_owned(), status.to_string());
    counter!(REQUESTS, "method" => method, "route" => route, "status" => status).increment(1);
    if let Some(code) = error {
        counter!(ERRORS, "code" => code.as_str()).increment(1);
    }
}
