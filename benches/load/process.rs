//! What Linux tells of a process: its memory and the time that it had a core. Elsewhere all is 0.

use std::fs;
use std::ops::Sub;

/// Seconds on a core.
#[derive(Debug, Clone, Copy, Default)]
pub struct Cpu {
    /// Of all threads.
    pub all: f64,
    /// Of the threads that run the encoder.
    pub encoder: f64,
}

impl Cpu {
    /// Of the threads beside the encoder.
    pub fn rest(self) -> f64 {
        (self.all - self.encoder).max(0.0)
    }
}

impl Sub for Cpu {
    type Output = Self;

    fn sub(self, earlier: Self) -> Self {
        Self { all: self.all - earlier.all, encoder: self.encoder - earlier.encoder }
    }
}

/// Ticks a second of the times in /proc/PID/stat, the same on every Linux.
const TICKS: f64 = 100.0;

/// The time of a process until now.
pub fn cpu(pid: u32) -> Cpu {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    // The program's name, in brackets, may have blanks; user and system time are the 14th and 15th field.
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks = |place: usize| fields.get(place).and_then(|ticks| ticks.parse::<f64>().ok()).unwrap_or(0.0);
    Cpu { all: (ticks(11) + ticks(12)) / TICKS, encoder: of_threads(pid, "encoder-") }
}

/// The time of this thread until now.
pub fn own_cpu() -> f64 {
    on_core(&fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default())
}

fn of_threads(pid: u32, name: &str) -> f64 {
    let Ok(threads) = fs::read_dir(format!("/proc/{pid}/task")) else { return 0.0 };
    let paths = threads.flatten().map(|thread| thread.path());
    let named = paths.filter(|path| fs::read_to_string(path.join("comm")).is_ok_and(|n| n.starts_with(name)));
    named.map(|path| on_core(&fs::read_to_string(path.join("schedstat")).unwrap_or_default())).sum()
}

/// The first number of a schedstat: nanoseconds on a core.
fn on_core(schedstat: &str) -> f64 {
    let nanos = schedstat.split_whitespace().next().and_then(|nanos| nanos.parse::<f64>().ok());
    nanos.unwrap_or(0.0) / 1e9
}

/// Resident memory in MB.
pub fn resident_mb(pid: u32) -> f64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok());
    kib.unwrap_or(0.0) * 1024.0 / 1e6
}

/// What else the machine is doing: the load average of the last minute.
pub fn load_average() -> String {
    let text = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split(' ').next().unwrap_or("unknown").to_string()
}
