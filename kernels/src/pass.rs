//! One forward pass: the stages, and who does which part of them.

use std::ops::Range;

use crate::attention::{Head, with_scratch};
use crate::encoder::{Encoder, Layer, Linear, Norm, Precision, Rows, Scratch, Text};
use crate::linear::{Finish, Output, Rows8};
use crate::memory::Shared;
use crate::packed::{DEPTH, PANEL, padded};
use crate::rows::Grid;
use crate::team::Team;

/// Rows that go through a feed-forward block together: their inner states (1.5 KB a row of 384) should
/// stay in the core's own cache beside the block's weights.
const BLOCK: usize = 64;
/// Units for each thread that a stage of products is cut into: taking one costs a fraction of a
/// microsecond, but with one alone the others would wait for whoever was held up.
const UNITS: usize = 2;

/// The buffers of one pass, shared by a team.
pub(crate) struct Pass<'a> {
    encoder: &'a Encoder,
    team: &'a Team,
    tokens: usize,
    hidden: SharedRows<'a>,
    rest: SharedRows<'a>,
    context: SharedRows<'a>,
    inner: SharedRows<'a>,
    attend: Shared<'a, f32>,
    features: &'a mut [f32],
}

/// Rows of floats with the same in 8 bits, which are there only where products are in 8 bits.
struct SharedRows<'a> {
    floats: Shared<'a, f32>,
    bytes: Shared<'a, u8>,
    grids: Shared<'a, Grid>,
}

impl<'a> SharedRows<'a> {
    fn new(scratch: &'a mut Rows, encoder: &Encoder, rows: usize, width: usize) -> Self {
        scratch.floats.reserve(rows * width);
        let bytes = width.next_multiple_of(DEPTH) * encoder.kernels.activation_bytes;
        if encoder.precision == Precision::Int8 {
            // A tile may begin at any multiple of its height within a block, and reads all its rows.
            let rows = rows.next_multiple_of(encoder.kernels.tile_rows) + encoder.kernels.tile_rows;
            scratch.bytes.reserve(rows * bytes);
            scratch.grids.resize(rows.max(scratch.grids.len()), Grid::default());
        }
        Self {
            floats: Shared::new(&mut scratch.floats, width),
            bytes: Shared::new(&mut scratch.bytes, bytes),
            grids: Shared::new(&mut scratch.grids, 1),
        }
    }
}

impl<'a> Pass<'a> {
    pub(crate) fn new(
        encoder: &'a Encoder,
        texts: &[Text<'_>],
        team: &'a Team,
        scratch: &'a mut Scratch,
    ) -> Self {
        let tokens: usize = texts.iter().map(|text| text.ids.len()).sum();
        let (hidden, inner) = (padded(encoder.shape.hidden), padded(encoder.shape.inner));
        scratch.attend.reserve(tokens * 3 * hidden);
        let features = texts.len() * encoder.features();
        scratch.features.resize(features.max(scratch.features.len()), 0.0);
        Self {
            encoder,
            team,
            tokens,
            hidden: SharedRows::new(&mut scratch.hidden, encoder, tokens, hidden),
            rest: SharedRows::new(&mut scratch.rest, encoder, tokens, hidden),
            context: SharedRows::new(&mut scratch.context, encoder, tokens, hidden),
            inner: SharedRows::new(&mut scratch.inner, encoder, tokens.min(BLOCK), inner),
            attend: Shared::new(&mut scratch.attend, 3 * hidden),
            features: &mut scratch.features[..features],
        }
    }

    pub(crate) fn run(mut self, texts: &[Text<'_>]) {
        self.embed(texts);
        let all = 0..self.tokens;
        for (number, layer) in self.encoder.layers.iter().enumerate() {
            self.product(&layer.attend, (&self.hidden, all.clone()), (&self.attend, 0), Finish::Store);
            if layer.refined {
                self.product(&layer.attend, (&self.rest, all.clone()), (&self.attend, 0), Finish::Refine);
            }
            self.attend(texts);
            self.round(&self.context, all.clone());
            let hidden = (&self.hidden.floats, 0);
            self.product(&layer.attended, (&self.context, all.clone()), hidden, Finish::Add);
            self.settle(&layer.attention_norm, all.clone(), false);
            self.feed_forward(layer, self.refines(number + 1));
            if let Some(tap) = self.encoder.shape.taps.iter().position(|&tap| tap == number + 1) {
                self.tap(texts, tap);
            }
        }
    }

    /// Sums of the three embeddings, normalised.
    fn embed(&self, texts: &[Text<'_>]) {
        let Encoder { words, positions, types, norm, .. } = self.encoder;
        let floats = &self.hidden.floats;
        self.by_rows(0..self.tokens, |token| {
            let Some((text, position)) = place(texts, token) else { return };
            // SAFETY: the row is this unit's alone and lies within the floats.
            let row = unsafe { std::slice::from_raw_parts_mut(floats.row(token), floats.stride) };
            row.fill(0.0);
            words.add_row(text.ids[position] as usize, row);
            positions.add_row(position, row);
            types.add_row(text.type_ids[position] as usize, row);
            self.settle_row(norm, token, self.refines(0));
        });
    }

    /// Normalises hidden states, and rounds them for the product that comes next.
    fn settle(&self, norm: &Norm, rows: Range<usize>, refined: bool) {
        self.by_rows(rows, |row| self.settle_row(norm, row, refined));
    }

    fn settle_row(&self, norm: &Norm, row: usize, refined: bool) {
        let Encoder { shape, kernels, .. } = self.encoder;
        let floats = &self.hidden.floats;
        let weights = (norm.gain.as_ptr(), norm.shift.as_ptr());
        // SAFETY: the row is this unit's alone, and as wide as the norm's weights.
        unsafe { (kernels.layer_norm)(floats.row(row), shape.hidden, floats.stride, weights, shape.eps) };
        self.round_row(&self.hidden, row, refined.then_some(&self.rest));
    }

    fn round(&self, rows: &SharedRows<'_>, range: Range<usize>) {
        if self.encoder.precision == Precision::Int8 {
            self.by_rows(range, |row| self.round_row(rows, row, None));
        }
    }

    fn round_row(&self, rows: &SharedRows<'_>, row: usize, rest: Option<&SharedRows<'_>>) {
        if self.encoder.precision == Precision::Int8 {
            let width = rows.floats.stride;
            let depth = width.next_multiple_of(DEPTH);
            let (from, to) = (rows.floats.row(row), rows.bytes.row(row));
            // SAFETY: the row is this unit's alone, in floats, bytes and grids.
            unsafe {
                let left_over = rest.map(|rest| rest.bytes.row(row));
                let grid = (self.encoder.kernels.quantize)(from, width, depth, to, left_over);
                rows.grids.row(row).write(grid);
                if let Some(rest) = rest {
                    rest.grids.row(row).write(grid.rest());
                }
            }
        }
    }

    /// Whether the layer of this number, if there is one, wants what rounding its input leaves over.
    fn refines(&self, layer: usize) -> bool {
        self.encoder.layers.get(layer).is_some_and(|layer| layer.refined)
    }

    fn by_rows(&self, rows: Range<usize>, work: impl Fn(usize) + Sync) {
        let unit = rows.len().div_ceil(self.team.size()).max(1);
        self.team.run(rows.len().div_ceil(unit), &|number| {
            let start = rows.start + number * unit;
            (start..rows.end.min(start + unit)).for_each(&work);
        });
    }

    /// `output = finish(input × weights)` for these rows of the input; the first goes to row `to` of the output.
    fn product(
        &self,
        linear: &Linear,
        (input, rows): (&SharedRows<'_>, Range<usize>),
        (output, to): (&Shared<'_, f32>, usize),
        finish: Finish,
    ) {
        let panels = linear.columns() / PANEL;
        let unit = panels.div_ceil(UNITS * self.team.size());
        self.team.run(panels.div_ceil(unit), &|number| {
            let panels = number * unit..panels.min((number + 1) * unit);
            debug_assert!(output.holds(to + rows.len()) && linear.columns() <= output.stride);
            let output = Output { rows: rows.len(), first: output.row(to), stride: output.stride, finish };
            // SAFETY: no other unit writes to these columns, and nobody to the input.
            unsafe {
                match linear {
                    Linear::F32(weights) => {
                        let input = (input.floats.row(rows.start).cast_const(), input.floats.stride);
                        (self.encoder.kernels.linear_f32)(input, weights, panels, &output);
                    }
                    Linear::Int8(weights) => {
                        // Also for assembly, which no sanitizer sees reading.
                        let whole = rows.len().next_multiple_of(self.encoder.kernels.tile_rows);
                        debug_assert!(input.bytes.holds(rows.start + whole));
                        let input = Rows8 {
                            bytes: input.bytes.row(rows.start),
                            stride: input.bytes.stride,
                            grids: input.grids.row(rows.start),
                        };
                        (self.encoder.kernels.linear_int8)(input, weights, panels, &output);
                    }
                }
            }
        });
    }

    /// Attention of every head over every text.
    fn attend(&self, texts: &[Text<'_>]) {
        let heads = self.encoder.shape.heads;
        let width = self.encoder.shape.hidden / heads;
        let context = &self.context.floats;
        self.team.run(texts.len() * heads, &|unit| {
            let (text, head) = (unit / heads, unit % heads);
            let first: usize = texts[..text].iter().map(|text| text.ids.len()).sum();
            let head = Head {
                tokens: texts[text].ids.len(),
                width,
                input: self.attend.row(first).wrapping_add(head * width),
                part: context.stride,
                input_stride: self.attend.stride,
                output: context.row(first).wrapping_add(head * width),
                output_stride: context.stride,
            };
            // SAFETY: no other unit writes to this head's columns of this text's rows.
            with_scratch(|scratch| unsafe { (self.encoder.kernels.attention)(&head, scratch) });
        });
    }

    fn feed_forward(&self, layer: &Layer, refined: bool) {
        let activation = Finish::Activate(self.encoder.shape.activation);
        for start in (0..self.tokens).step_by(BLOCK) {
            let rows = start..self.tokens.min(start + BLOCK);
            self.product(&layer.inner, (&self.hidden, rows.clone()), (&self.inner.floats, 0), activation);
            self.round(&self.inner, 0..rows.len());
            let input = (&self.inner, 0..rows.len());
            self.product(&layer.outer, input, (&self.hidden.floats, start), Finish::Add);
            self.settle(&layer.output_norm, rows, refined);
        }
    }

    /// Means of the hidden states over each text's tokens.
    fn tap(&mut self, texts: &[Text<'_>], tap: usize) {
        let (width, features) = (self.encoder.shape.hidden, self.encoder.features());
        let mut token = 0;
        for (text, features) in texts.iter().zip(self.features.chunks_exact_mut(features)) {
            let mean = &mut features[tap * width..(tap + 1) * width];
            mean.fill(0.0);
            for _ in text.ids {
                // SAFETY: no other thread is at work between stages; the row lies within the floats.
                let row = unsafe { std::slice::from_raw_parts(self.hidden.floats.row(token), width) };
                mean.iter_mut().zip(row).for_each(|(sum, x)| *sum += x);
                token += 1;
            }
            #[expect(clippy::cast_precision_loss, reason = "texts are short")]
            let count = text.ids.len() as f32;
            mean.iter_mut().for_each(|sum| *sum /= count);
        }
    }
}

/// The text that a row is of, and the row's position in it.
fn place<'t>(texts: &'t [Text<'_>], row: usize) -> Option<(&'t Text<'t>, usize)> {
    let mut first = 0;
    for text in texts {
        if row < first + text.ids.len() {
            return Some((text, row - first));
        }
        first += text.ids.len();
    }
    None
}
