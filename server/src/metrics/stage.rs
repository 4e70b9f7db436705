//! The stages of a push, each with a histogram of its own.

use std::future::Future;
use std::sync::LazyLock;
use std::time::Instant;

use metrics::{Histogram, histogram};
use tracing::Instrument as _;

/// A stage of a push. Some are passed once in a request, some once in an envelope, a change or a commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// A request's body, from its head until it is read, unpacked and decoded.
    Receive,
    /// Who is calling: the token or proof, and what the store knows of the device.
    Authenticate,
    /// Waiting until it is noted that the caller came: what is left of that when his envelopes have their receipts.
    Settle,
    /// An envelope: its device, its signature, its changes decoded.
    Open,
    /// An opened envelope waits for the writer.
    Queue,
    /// What is waiting is judged, for one commit.
    Judge,
    /// The gate, for one change.
    Gate,
    /// One commit, until it is on disk.
    Commit,
    /// Reading what is new for the caller.
    News,
    /// Writing an answer; it is packed while it is sent.
    Answer,
    /// One round of the projector, from the news that woke it until nothing was marked.
    Projection,
    /// Packing some records.
    Compaction,
    /// Putting packs in the place of what they hold: pushes wait meanwhile.
    Replace,
    /// One request, from its head until the head of its answer.
    Request,
}

impl Stage {
    /// In the order of the enum.
    pub(super) const ALL: [Self; 14] = [
        Self::Receive,
        Self::Authenticate,
        Self::Settle,
        Self::Open,
        Self::Queue,
        Self::Judge,
        Self::Gate,
        Self::Commit,
        Self::News,
        Self::Answer,
        Self::Projection,
        Self::Compaction,
        Self::Replace,
        Self::Request,
    ];

    /// The name of its histogram.
    pub fn name(self) -> &'static str {
        match self {
            Self::Receive => "zhibu_receive_seconds",
            Self::Authenticate => "zhibu_authenticate_seconds",
            Self::Settle => "zhibu_settle_seconds",
            Self::Open => "zhibu_open_seconds",
            Self::Queue => "zhibu_queue_seconds",
            Self::Judge => "zhibu_judge_seconds",
            Self::Gate => "zhibu_gate_seconds",
            Self::Commit => "zhibu_commit_seconds",
            Self::News => "zhibu_news_seconds",
            Self::Answer => "zhibu_answer_seconds",
            Self::Projection => "zhibu_projection_seconds",
            Self::Compaction => "zhibu_compaction_seconds",
            Self::Replace => "zhibu_replace_seconds",
            Self::Request => "zhibu_request_seconds",
        }
    }

    /// What a trace calls it.
    fn word(self) -> &'static str {
        self.name().trim_start_matches("zhibu_").trim_end_matches("_seconds")
    }

    pub(super) fn meaning(self) -> &'static str {
        match self {
            Self::Receive => "Reading a request's body, from its head until it is decoded",
            Self::Authenticate => "Finding out who is calling",
            Self::Settle => "Waiting until it is noted that the caller came",
            Self::Open => "Opening one envelope: device, signature, changes",
            Self::Queue => "An opened envelope waits for the writer",
            Self::Judge => "Judging what goes into one commit",
            Self::Gate => "The gate for one change",
            Self::Commit => "One commit, until it is on disk",
            Self::News => "Reading what is new for the caller of one sync",
            Self::Answer => "Writing one answer, before it is packed and sent",
            Self::Projection => "One round of the projector",
            Self::Compaction => "Packing some records, up to 32",
            Self::Replace => "Putting packs in the place of rows of the log, which pushes wait for",
            Self::Request => "One request, until the head of its answer",
        }
    }

    /// Starts its clock.
    pub fn begin(self) -> Running {
        Running { stage: self, since: Instant::now() }
    }

    /// Measures the whole of a future, and shows it as a span of its own to who follows a request's trace.
    pub async fn time<F: Future>(self, work: F) -> F::Output {
        let running = self.begin();
        let span = tracing::debug_span!("stage", otel.name = self.word());
        let output = work.instrument(span).await;
        running.end();
        output
    }

    fn histogram(self) -> &'static Histogram {
        // Looked up once: the look-up costs more than the sample.
        static HISTOGRAMS: LazyLock<[Histogram; Stage::ALL.len()]> =
            LazyLock::new(|| Stage::ALL.map(|stage| histogram!(stage.name())));
        &HISTOGRAMS[self as usize]
    }
}

/// A stage whose clock runs. Dropped without [`Running::end`] it leaves no sample: whoever broke off was not served.
#[derive(Debug, Clone, Copy)]
#[must_use = "only `end` leaves a sample"]
pub struct Running {
    stage: Stage,
    since: Instant,
}

impl Running {
    /// Takes the sample.
    pub fn end(self) {
        self.stage.histogram().record(self.since.elapsed());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_has_the_order_of_the_enum() {
        for (at, stage) in Stage::ALL.into_iter().enumerate() {
            assert_eq!(stage as usize, at, "{stage:?}");
        }
    }
}
