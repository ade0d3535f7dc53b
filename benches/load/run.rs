//! Load on the service: callers that wait for their answers, and callers that come whatever happens.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinSet;

use crate::client::Connection;
use crate::process::{self, Cpu};
use crate::tickets::Requests;

/// Connections of callers that come whatever happens; the service takes 1,024.
const CONNECTIONS: usize = 1_000;
/// Share of the time of a run in which nothing is counted yet.
const SETTLING: f64 = 0.1;

/// What is put under load.
#[derive(Debug, Clone)]
pub struct Target {
    pub address: Arc<str>,
    pub pid: u32,
    pub requests: Arc<Requests>,
}

/// How requests come that wait for nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arrivals {
    /// One after another at equal distances, as load generators with a fixed rate send them.
    Even,
    /// Each at its own time, as those of many people do: a Poisson process.
    ByChance,
}

impl Arrivals {
    pub fn name(self) -> &'static str {
        match self {
            Self::Even => "even",
            Self::ByChance => "by chance",
        }
    }
}

/// What a run showed.
#[derive(Debug, Default)]
pub struct Figures {
    /// Of answers with 200, shortest first. An answer counts from when its request was due.
    pub waits: Vec<Duration>,
    /// Answers by status; 0 stands for a connection that broke.
    pub statuses: BTreeMap<u16, u64>,
    /// Answers with 200 in a second.
    pub per_second: f64,
    /// Of the service.
    pub cpu: Cpu,
    /// Seconds on a core of the thread of this program that sends and reads.
    pub client_cpu: f64,
    pub seconds: f64,
    /// Resident memory of the service at the end, and the most that was seen, in MB.
    pub resident: f64,
    pub most_resident: f64,
}

impl Figures {
    /// The wait that the share `quantile` of the answered requests did not exceed, in milliseconds.
    pub fn ms(&self, quantile: f64) -> f64 {
        let last = self.waits.len().saturating_sub(1);
        let place = (quantile * last as f64).round() as usize;
        self.waits.get(place).map_or(f64::NAN, |wait| wait.as_secs_f64() * 1e3)
    }

    pub fn answers(&self) -> u64 {
        self.statuses.values().sum()
    }

    pub fn count(&self, status: u16) -> u64 {
        self.statuses.get(&status).copied().unwrap_or(0)
    }
}

/// Answers as they come in, between the end of settling and the end of the run.
struct Counted {
    from: Instant,
    until: Instant,
    figures: Mutex<Figures>,
}

impl Counted {
    fn new(time: Duration) -> Arc<Self> {
        let now = Instant::now();
        let from = now + time.mul_f64(SETTLING);
        Arc::new(Self { from, until: from + time, figures: Mutex::default() })
    }

    fn is_over(&self) -> bool {
        Instant::now() >= self.until
    }

    fn answered(&self, due: Instant, status: u16) {
        let now = Instant::now();
        if now < self.from || now >= self.until {
            return;
        }
        let mut figures = self.figures.lock().unwrap_or_else(PoisonError::into_inner);
        *figures.statuses.entry(status).or_default() += 1;
        if status == 200 {
            figures.waits.push(now - due);
        }
    }

    /// Watches the service from the first to the last counted moment and adds it all up.
    async fn figures(&self, pid: u32) -> Figures {
        tokio::time::sleep_until(self.from.into()).await;
        let (cpu, own) = (process::cpu(pid), process::own_cpu());
        let stop = Arc::new(AtomicBool::new(false));
        let watch = std::thread::spawn({
            let stop = Arc::clone(&stop);
            move || most_resident(pid, &stop)
        });
        tokio::time::sleep_until(self.until.into()).await;
        stop.store(true, Ordering::Relaxed);
        let mut figures = std::mem::take(&mut *self.figures.lock().unwrap_or_else(PoisonError::into_inner));
        figures.seconds = (Instant::now() - self.from).as_secs_f64();
        figures.cpu = process::cpu(pid) - cpu;
        figures.client_cpu = process::own_cpu() - own;
        figures.resident = process::resident_mb(pid);
        figures.most_resident = watch.join().unwrap_or(0.0).max(figures.resident);
        figures.per_second = figures.count(200) as f64 / figures.seconds;
        figures.waits.sort_unstable();
        figures
    }
}

fn most_resident(pid: u32, stop: &AtomicBool) -> f64 {
    let mut most: f64 = 0.0;
    while !stop.load(Ordering::Relaxed) {
        most = most.max(process::resident_mb(pid));
        std::thread::sleep(Duration::from_millis(50));
    }
    most
}

/// As many callers as `concurrency`, each with one connection and one request at a time.
pub async fn closed(target: &Target, concurrency: usize, time: Duration) -> Figures {
    let counted = Counted::new(time);
    let mut callers = JoinSet::new();
    for _ in 0..concurrency {
        let (target, counted) = (target.clone(), Arc::clone(&counted));
        callers.spawn(async move {
            let mut kept = None;
            while !counted.is_over() {
                let due = Instant::now();
                let status = send(&target, &mut kept).await;
                counted.answered(due, status);
            }
        });
    }
    let figures = counted.figures(target.pid).await;
    callers.join_all().await;
    figures
}

/// Requests that come `rate` a second, however many are still unanswered.
pub async fn open(target: &Target, rate: f64, arrivals: Arrivals, time: Duration) -> Figures {
    let counted = Counted::new(time);
    let (clock, mut dues) = mpsc::unbounded_channel();
    let until = counted.until;
    let pacing = std::thread::spawn(move || pace(rate, arrivals, until, &clock));
    let dispatch = tokio::spawn({
        let (target, counted) = (target.clone(), Arc::clone(&counted));
        async move {
            let places = Arc::new(Semaphore::new(CONNECTIONS));
            let idle: Arc<Mutex<Vec<Connection>>> = Arc::default();
            let mut callers = JoinSet::new();
            while let Some(due) = dues.recv().await {
                let place = Arc::clone(&places).acquire_owned().await;
                let (target, counted, idle) = (target.clone(), Arc::clone(&counted), Arc::clone(&idle));
                callers.spawn(async move {
                    let mut kept = idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
                    let status = send(&target, &mut kept).await;
                    counted.answered(due, status);
                    idle.lock().unwrap_or_else(PoisonError::into_inner).extend(kept);
                    drop(place);
                });
                while callers.try_join_next().is_some() {}
            }
            callers.join_all().await;
        }
    });
    let figures = counted.figures(target.pid).await;
    let _ = dispatch.await;
    let _ = pacing.join();
    figures
}

/// Tells when each request is due. On a thread of its own, since the runtime's clock goes by milliseconds.
fn pace(rate: f64, arrivals: Arrivals, until: Instant, clock: &mpsc::UnboundedSender<Instant>) {
    let mut chance = StdRng::seed_from_u64(1);
    let mut due = Instant::now();
    loop {
        let gap = match arrivals {
            Arrivals::Even => 1.0,
            Arrivals::ByChance => -(1.0 - chance.random::<f64>()).ln(),
        };
        due += Duration::from_secs_f64(gap / rate);
        if due >= until {
            return;
        }
        std::thread::sleep(due.saturating_duration_since(Instant::now()));
        if clock.send(due).is_err() {
            return;
        }
    }
}

/// One request over the kept connection, or a new one where there is none; 0 where the connection broke.
async fn send(target: &Target, kept: &mut Option<Connection>) -> u16 {
    let request = target.requests.next();
    let connection = match kept.take() {
        Some(connection) => Ok(connection),
        None => Connection::open(&target.address).await,
    };
    let Ok(mut connection) = connection else { return 0 };
    match connection.send(&request).await {
        Ok(answer) => {
            *kept = answer.stays_open.then_some(connection);
            answer.status
        }
        Err(_) => 0,
    }
}
