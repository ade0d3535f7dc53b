//! The Rust side of `compare.py`: one encoder in a process of its own, asked over standard input.
//!
//! `contender '{"base":DIR,"encoder":"candle","threads":4}'` loads the weights and prints
//! `{"ready":true,"cpu":[…]}`. Then each line
//! `{"texts":[[101,…,102],…],"arrangement":"parallel","repeat":3,"embeddings":true}` is answered with
//! `{"seconds":[…],"embeddings":[[…],…]}`: the wall time of each repetition, and the mean hidden state of
//! each text where asked for. Whatever fails is answered with `{"error":"…"}`.

#![allow(missing_docs)]

use std::collections::HashMap;
use std::io::{self, BufRead as _, Write as _};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::time::Instant;

use anyhow::{Context as _, bail};
use candle_core::{DType, Device, Tensor};
use candle_nn::VarBuilder;
use candle_transformers::models::bert::{BertModel, Config};
use deskhand::config::InferenceSettings;
use deskhand::model::{
    CandleEncoder, Desk, Encoder, ModelError, PackedEncoder, Tokens, Workers, read_hugging_face,
};
use deskhand_kernels::Precision;
use serde::{Deserialize, Serialize};

/// What a contender is started with.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Setup {
    /// Folder of the base encoder, as Hugging Face lays it out.
    base: PathBuf,
    encoder: Kind,
    threads: usize,
    /// Instruction set that Deskhand's own kernels shall use instead of the best one.
    #[serde(default)]
    isa: Option<String>,
}

/// Who reads.
#[derive(Deserialize, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
enum Kind {
    /// candle-transformers' `BertModel` as it comes.
    Candle,
    /// Deskhand's portable encoder, which stands on candle.
    Portable,
    /// Deskhand's own kernels in f32.
    F32,
    /// Deskhand's own kernels in 8 bits.
    Int8,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Request {
    texts: Vec<Vec<u32>>,
    arrangement: Arrangement,
    #[serde(default = "one")]
    batch_size: usize,
    #[serde(default = "one")]
    repeat: usize,
    #[serde(default)]
    embeddings: bool,
}

fn one() -> usize {
    1
}

/// How the texts are spread over the threads.
#[derive(Deserialize, Clone, Copy)]
#[serde(rename_all = "lowercase")]
enum Arrangement {
    /// Whole texts side by side, one at a time on each thread.
    Parallel,
    /// One text after the other, each over all threads.
    Split,
    /// `batch_size` texts of like length at a time, over all threads.
    Batches,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Answer {
    Ready {
        ready: bool,
        cpu: Vec<&'static str>,
    },
    Times {
        seconds: Vec<f64>,
        #[serde(skip_serializing_if = "Option::is_none")]
        embeddings: Option<Vec<Vec<f32>>>,
    },
    Failed {
        error: String,
    },
}

impl Answer {
    fn failed(error: &anyhow::Error) -> Self {
        Self::Failed { error: format!("{error:#}") }
    }
}

fn main() -> anyhow::Result<()> {
    // `cargo bench` and `cargo test --benches` run every bench; this one has work only from compare.py.
    let Some(setup) = std::env::args().skip(1).find(|argument| argument.starts_with('{')) else {
        writeln!(io::stderr(), "contender: is started by benches/compare/compare.py")?;
        return Ok(());
    };
    let setup: Setup = serde_json::from_str(&setup).context("the first argument")?;
    let mut out = io::stdout().lock();
    let mut say = |line: String| writeln!(out, "{line}").and_then(|()| out.flush());
    let contender = match Contender::new(&setup) {
        Ok(contender) => contender,
        Err(e) => return Ok(say(serde_json::to_string(&Answer::failed(&e))?)?),
    };
    say(serde_json::to_string(&Answer::Ready { ready: true, cpu: cpu_features() })?)?;
    for line in io::stdin().lock().lines() {
        say(contender.answer(&line?)?)?;
    }
    Ok(())
}

/// What the processor offers as this process sees it: a mask can be checked by it.
fn cpu_features() -> Vec<&'static str> {
    let mut found = Vec::new();
    #[cfg(target_arch = "x86_64")]
    {
        let features = [
            ("avx2", is_x86_feature_detected!("avx2")),
            ("avxvnni", is_x86_feature_detected!("avxvnni")),
            ("avx512f", is_x86_feature_detected!("avx512f")),
            ("avx512vnni", is_x86_feature_detected!("avx512vnni")),
            ("avx512bf16", is_x86_feature_detected!("avx512bf16")),
        ];
        found.extend(features.iter().filter(|(_, there)| *there).map(|(name, _)| *name));
    }
    found
}

/// One encoder with its threads.
pub(crate) enum Contender {
    /// candle, arranged as the request says.
    Candle {
        encoder: Arc<dyn Encoder>,
        lanes: Lanes,
        /// Where one forward pass may use all threads.
        wide: rayon::ThreadPool,
    },
    /// Deskhand's own encoder behind the queue and the workers of the service, which arrange for themselves.
    Deskhand(Workers),
}

impl Contender {
    pub(crate) fn new(setup: &Setup) -> anyhow::Result<Self> {
        if let Kind::Int8 | Kind::F32 = setup.encoder {
            return Self::deskhand(setup);
        }
        if let Some(isa) = &setup.isa {
            bail!("isa {isa:?}: candle chooses its instructions itself; hide them by compare.py --mask");
        }
        let base = read_hugging_face(&setup.base, "base", "")?;
        let encoder: Arc<dyn Encoder> = match setup.encoder {
            Kind::Candle => Arc::new(StockCandle::new(&setup.base, base.weights)?),
            _ => Arc::new(CandleEncoder::new(&base.spec, base.weights)?),
        };
        let lanes = Lanes::start(&encoder, setup.threads)?;
        let wide = rayon::ThreadPoolBuilder::new().num_threads(setup.threads).build()?;
        Ok(Self::Candle { encoder, lanes, wide })
    }

    fn deskhand(setup: &Setup) -> anyhow::Result<Self> {
        let base = read_hugging_face(&setup.base, "base", "")?;
        let precision = if setup.encoder == Kind::Int8 { Precision::Int8 } else { Precision::F32 };
        let isa = setup.isa.as_deref().map(str::parse).transpose().map_err(anyhow::Error::msg)?;
        let encoder = PackedEncoder::new(&base.spec, &base.weights, precision, isa)?;
        let threads = NonZeroUsize::new(setup.threads);
        let settings = InferenceSettings { threads, ..Default::default() };
        Ok(Self::Deskhand(Workers::start(Arc::new(encoder), &settings)?))
    }

    /// One line in, one line out.
    pub(crate) fn answer(&self, line: &str) -> serde_json::Result<String> {
        let answer = self.times(line).unwrap_or_else(|e| Answer::failed(&e));
        serde_json::to_string(&answer)
    }

    fn times(&self, line: &str) -> anyhow::Result<Answer> {
        let request: Request = serde_json::from_str(line).context("the request")?;
        let work = Work::new(&request.texts);
        let mut seconds = Vec::with_capacity(request.repeat);
        let mut embeddings = None;
        for _ in 0..request.repeat {
            let start = Instant::now();
            let rows = match (self, request.arrangement) {
                (Self::Deskhand(workers), _) => {
                    Ok(workers.read_blocking(&work.texts)?.into_iter().enumerate().collect())
                }
                (Self::Candle { lanes, .. }, Arrangement::Parallel) => lanes.read(&work),
                (Self::Candle { encoder, wide, .. }, Arrangement::Split) => together(encoder, wide, &work, 1),
                (Self::Candle { encoder, wide, .. }, Arrangement::Batches) => {
                    together(encoder, wide, &work, request.batch_size.max(1))
                }
            }?;
            seconds.push(start.elapsed().as_secs_f64());
            embeddings = request.embeddings.then(|| work.in_order(rows));
        }
        Ok(Answer::Times { seconds, embeddings })
    }
}

fn together(
    encoder: &Arc<dyn Encoder>,
    wide: &rayon::ThreadPool,
    work: &Work,
    batch_size: usize,
) -> anyhow::Result<Vec<(usize, Vec<f32>)>> {
    wide.install(|| {
        let mut rows = Vec::with_capacity(work.texts.len());
        for batch in work.texts.chunks(batch_size) {
            rows.extend(encoder.forward(batch, &mut Desk::default())?);
        }
        Ok(rows.into_iter().enumerate().collect())
    })
}

/// candle-transformers' BERT without anything of ours, texts padded to the longest of those given at once.
struct StockCandle {
    model: BertModel,
}

impl StockCandle {
    fn new(base: &Path, weights: HashMap<String, Tensor>) -> anyhow::Result<Self> {
        let config: Config = serde_json::from_str(&std::fs::read_to_string(base.join("config.json"))?)?;
        let vars = VarBuilder::from_tensors(weights, DType::F32, &Device::Cpu);
        Ok(Self { model: BertModel::load(vars, &config)? })
    }

    fn means(&self, texts: &[Tokens]) -> candle_core::Result<Vec<Vec<f32>>> {
        let longest = texts.iter().map(|text| text.ids.len()).max().unwrap_or(0);
        let shape = (texts.len(), longest);
        let padded = |row: &[u32]| row.iter().copied().chain(std::iter::repeat(0)).take(longest).collect();
        let ids: Vec<u32> = texts.iter().flat_map(|text| -> Vec<u32> { padded(&text.ids) }).collect();
        let ones: Vec<u32> =
            texts.iter().flat_map(|text| -> Vec<u32> { padded(&vec![1; text.ids.len()]) }).collect();
        let ids = Tensor::from_vec(ids, shape, &Device::Cpu)?;
        let mask = Tensor::from_vec(ones, shape, &Device::Cpu)?;
        let states = self.model.forward(&ids, &ids.zeros_like()?, Some(&mask))?;
        let mask = mask.to_dtype(DType::F32)?.unsqueeze(2)?;
        states.broadcast_mul(&mask)?.sum(1)?.broadcast_div(&mask.sum(1)?)?.to_vec2()
    }
}

impl Encoder for StockCandle {
    fn forward(&self, texts: &[Tokens], _: &mut Desk) -> Result<Vec<Vec<f32>>, ModelError> {
        self.means(texts).map_err(|e| ModelError::Inference(e.to_string()))
    }
}

/// The texts of a request, longest first: so the last ones to be read are short and no thread waits long.
struct Work {
    texts: Arc<[Tokens]>,
    /// Where in the request each of `texts` stood.
    places: Vec<usize>,
}

impl Work {
    fn new(texts: &[Vec<u32>]) -> Self {
        let mut places: Vec<usize> = (0..texts.len()).collect();
        places.sort_by_key(|&place| std::cmp::Reverse(texts[place].len()));
        let tokens =
            |ids: &Vec<u32>| Tokens { ids: ids.clone(), type_ids: vec![0; ids.len()], truncated: false };
        Self { texts: places.iter().map(|&place| tokens(&texts[place])).collect(), places }
    }

    /// Rows numbered as `texts` are, back in the request's order.
    fn in_order(&self, rows: Vec<(usize, Vec<f32>)>) -> Vec<Vec<f32>> {
        let mut ordered = vec![Vec::new(); rows.len()];
        for (number, row) in rows {
            ordered[self.places[number]] = row;
        }
        ordered
    }
}

/// Texts that the lanes share: each lane takes the next one when it is done with its own.
struct Round {
    texts: Arc<[Tokens]>,
    next: AtomicUsize,
}

type Rows = Result<Vec<(usize, Vec<f32>)>, ModelError>;

/// Threads that stay, each with its own whole texts.
pub(crate) struct Lanes {
    starts: Vec<mpsc::Sender<Arc<Round>>>,
    done: mpsc::Receiver<Rows>,
    /// One thread each. candle asks rayon for helpers inside every product; here it gets none.
    _pools: Vec<rayon::ThreadPool>,
}

impl Lanes {
    fn start(encoder: &Arc<dyn Encoder>, threads: usize) -> anyhow::Result<Self> {
        let (report, done) = mpsc::channel();
        let (mut starts, mut pools) = (Vec::with_capacity(threads), Vec::with_capacity(threads));
        for _ in 0..threads {
            let (start, rounds) = mpsc::channel::<Arc<Round>>();
            let (encoder, report) = (Arc::clone(encoder), report.clone());
            let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build()?;
            pool.spawn(move || {
                while let Ok(round) = rounds.recv() {
                    if report.send(read_some(&round, encoder.as_ref())).is_err() {
                        break;
                    }
                }
            });
            starts.push(start);
            pools.push(pool);
        }
        Ok(Self { starts, done, _pools: pools })
    }

    fn read(&self, work: &Work) -> anyhow::Result<Vec<(usize, Vec<f32>)>> {
        let round = Arc::new(Round { texts: Arc::clone(&work.texts), next: AtomicUsize::new(0) });
        for start in &self.starts {
            start.send(Arc::clone(&round)).context("a thread has ended")?;
        }
        // All are heard before the first failure is told, so that no report is left for the next request.
        let reports: Vec<Rows> = self.done.iter().take(self.starts.len()).collect();
        let mut rows = Vec::with_capacity(work.texts.len());
        for report in reports {
            rows.extend(report?);
        }
        if rows.len() < work.texts.len() {
            bail!("a thread has ended");
        }
        Ok(rows)
    }
}

/// One lane's part of a round.
fn read_some(round: &Round, encoder: &dyn Encoder) -> Rows {
    let mut rows = Vec::new();
    loop {
        let number = round.next.fetch_add(1, Ordering::Relaxed);
        let Some(text) = round.texts.get(number) else { return Ok(rows) };
        let features = encoder.forward(std::slice::from_ref(text), &mut Desk::default())?;
        rows.extend(features.into_iter().map(|row| (number, row)));
    }
}
