//! Worker threads: inference never runs on the async runtime.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Instant;

use tokio::sync::oneshot;

use super::encoder::{Desk, Encoder};
use super::queue::{Job, Queue, Reply, Task};
use super::{ModelError, Tokens};
use crate::acting::Acting;
use crate::config::InferenceSettings;
use crate::pause;

/// Threads that each run whole forward passes, one group of texts a thread; those with nothing to do help
/// a lone pass along.
#[derive(Debug)]
pub struct Workers {
    queue: Arc<Queue>,
    threads: Vec<JoinHandle<()>>,
}

impl Workers {
    /// Starts as many threads as the settings say, which wait for texts until this is dropped.
    pub fn start(encoder: Arc<dyn Encoder>, settings: &InferenceSettings) -> io::Result<Self> {
        let count = settings.worker_count();
        let queue = Arc::new(Queue::new(settings.max_queued_tokens, count));
        let mut workers = Self { queue, threads: Vec::with_capacity(count) };
        for number in 0..count {
            let queue = Arc::clone(&workers.queue);
            let encoder = Arc::clone(&encoder);
            let budget = settings.batch_tokens;
            // candle asks rayon for helpers inside every product. A pool of one keeps each worker on
            // its own core: whole sequences side by side beat one split sequence under load.
            let pool = rayon::ThreadPoolBuilder::new()
                .num_threads(1)
                .thread_name(move |_| format!("encoder-{number}"))
                .build()
                .map_err(io::Error::other)?;
            let thread = std::thread::Builder::new()
                .name(format!("worker-{number}"))
                .spawn(move || pool.install(|| work(&queue, encoder.as_ref(), budget)))?;
            workers.threads.push(thread);
        }
        Ok(workers)
    }

    /// The features of each text, in order; blocks the caller's thread.
    pub fn read_blocking(&self, texts: &[Tokens]) -> Result<Vec<Vec<f32>>, ModelError> {
        let replies = self.submit_unbounded(texts)?;
        replies.into_iter().map(|reply| reply.blocking_recv().map_err(|_| ModelError::Stopped)?).collect()
    }

    pub(super) fn threads(&self) -> usize {
        self.threads.len()
    }

    pub(super) fn queued_tokens(&self) -> usize {
        self.queue.queued_tokens()
    }

    pub(super) fn taken_tokens(&self) -> u64 {
        self.queue.taken_tokens()
    }

    pub(super) fn submit(&self, texts: &[Tokens]) -> Result<Vec<oneshot::Receiver<Reply>>, ModelError> {
        let (jobs, replies) = jobs(texts);
        self.queue.push(Acting::name(), jobs)?;
        Ok(replies)
    }

    pub(super) fn submit_spare(&self, texts: &[Tokens]) -> Result<Vec<oneshot::Receiver<Reply>>, ModelError> {
        let (jobs, replies) = jobs(texts);
        self.queue.push_spare(jobs)?;
        Ok(replies)
    }

    pub(super) async fn submit_when_room(
        &self,
        texts: &[Tokens],
    ) -> Result<Vec<oneshot::Receiver<Reply>>, ModelError> {
        self.queue.bulk_room().await;
        self.submit_unbounded(texts)
    }

    pub(super) fn submit_unbounded(
        &self,
        texts: &[Tokens],
    ) -> Result<Vec<oneshot::Receiver<Reply>>, ModelError> {
        let (jobs, replies) = jobs(texts);
        self.queue.push_bulk(jobs)?;
        Ok(replies)
    }
}

impl Drop for Workers {
    fn drop(&mut self) {
        self.queue.close();
        for thread in self.threads.drain(..) {
            // A worker cannot fail in a way that matters here: its panics are caught and reported.
            let _ = thread.join();
        }
    }
}

fn jobs(texts: &[Tokens]) -> (Vec<Job>, Vec<oneshot::Receiver<Reply>>) {
    texts
        .iter()
        .map(|tokens| {
            let (reply, receiver) = oneshot::channel();
            (Job { tokens: tokens.clone(), reply }, receiver)
        })
        .unzip()
}

fn work(queue: &Queue, encoder: &dyn Encoder, budget: usize) {
    let mut desk = Desk::default();
    while let Some(task) = queue.take(budget, encoder.can_share().then_some(&desk.team)) {
        match task {
            Task::Read(batch) => {
                pause::here();
                let start = Instant::now();
                let tokens: usize = batch.iter().map(|job| job.tokens.ids.len()).sum();
                read(batch, encoder, &mut desk);
                queue.finish(&desk.team, tokens, start.elapsed());
            }
            Task::Help(team) => team.help(&|| queue.has_work()),
        }
    }
}

fn read(batch: Vec<Job>, encoder: &dyn Encoder, desk: &mut Desk) {
    let (texts, replies): (Vec<Tokens>, Vec<_>) =
        batch.into_iter().map(|job| (job.tokens, job.reply)).unzip();
    let rows = catch_unwind(AssertUnwindSafe(|| encoder.forward(&texts, desk)))
        .unwrap_or_else(|_| Err(ModelError::Inference("the encoder panicked".into())));
    match rows {
        Ok(rows) => {
            for (reply, row) in replies.into_iter().zip(rows) {
                // The caller may have gone meanwhile; its answer is then nobody's.
                let _ = reply.send(Ok(row));
            }
        }
        Err(error) => {
            for reply in replies {
                let _ = reply.send(Err(ModelError::Inference(error.to_string())));
            }
        }
    }
}
