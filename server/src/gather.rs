//! What many ask at once, answered together: one act of the store, one fsync, for all who are waiting.

use std::sync::Arc;

use futures::future::BoxFuture;
use tokio::sync::{mpsc, oneshot};

use crate::store::StoreError;

/// Most questions in one act.
const BATCH: usize = 64;

type Act<Q, A> = Arc<dyn Fn(Vec<Q>) -> BoxFuture<'static, Result<Vec<A>, StoreError>> + Send + Sync>;

/// Gathers questions while the act before is under way; never waits for company. Ends when it is dropped.
pub struct Gathered<Q, A> {
    waiting: mpsc::Sender<(Q, oneshot::Sender<A>)>,
}

impl<Q: Send + 'static, A: Send + 'static> Gathered<Q, A> {
    /// Starts to gather for an act that answers each question, in their order. To be called inside a tokio runtime.
    pub fn start(act: Act<Q, A>) -> Self {
        let (waiting, mut asked) = mpsc::channel::<(Q, oneshot::Sender<A>)>(4 * BATCH);
        tokio::spawn(async move {
            let mut batch = Vec::with_capacity(BATCH);
            while asked.recv_many(&mut batch, BATCH).await > 0 {
                let (questions, replies): (Vec<_>, Vec<_>) = batch.drain(..).unzip();
                match act(questions).await {
                    Ok(answers) => replies.into_iter().zip(answers).for_each(|(reply, answer)| {
                        // Whoever asked may be gone.
                        let _ = reply.send(answer);
                    }),
                    // The replies are dropped: all are told to come again.
                    Err(error) => {
                        tracing::error!(error = &error as &dyn std::error::Error, "an act for many failed");
                    }
                }
            }
        });
        Self { waiting }
    }

    /// Asks, and waits for the answer; [`StoreError::Busy`] if the act failed.
    pub async fn ask(&self, question: Q) -> Result<A, StoreError> {
        self.put(question).await?.answer().await
    }

    /// Asks, for an answer that is waited for later.
    pub async fn put(&self, question: Q) -> Result<Asked<A>, StoreError> {
        let (reply, answer) = oneshot::channel();
        self.waiting.send((question, reply)).await.map_err(|_| StoreError::Busy)?;
        Ok(Asked(answer))
    }
}

/// A question whose answer is on its way.
pub struct Asked<A>(oneshot::Receiver<A>);

impl<A> Asked<A> {
    /// The answer; [`StoreError::Busy`] if the act failed.
    pub async fn answer(self) -> Result<A, StoreError> {
        self.0.await.map_err(|_| StoreError::Busy)
    }
}
