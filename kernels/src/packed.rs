//! Weights, laid out once at load in the order in which the products read them.

use crate::memory::Aligned;

/// Columns (output channels) of one panel; widths of rows are padded to a multiple of it with zeros.
pub(crate) const PANEL: usize = 32;
/// Columns that lie interleaved in the 8-bit layout: one register of sixteen i32 sums.
pub(crate) const STRIP: usize = 16;
/// The depth of 8-bit panels is padded to a multiple of this, what one AMX tile row holds.
pub(crate) const DEPTH: usize = 64;

/// `width` with its padding.
pub(crate) fn padded(width: usize) -> usize {
    width.next_multiple_of(PANEL)
}

/// A weight matrix as checkpoints hold it: one row for each output channel.
#[derive(Debug, Clone)]
pub struct Matrix {
    /// Output channels, or entries of a table.
    pub rows: usize,
    /// Input channels.
    pub columns: usize,
    /// The numbers, row after row.
    pub values: Values,
}

/// The numbers of a [`Matrix`].
#[derive(Debug, Clone)]
pub enum Values {
    /// As they are.
    F32(Vec<f32>),
    /// weight = int8 × the row's scale.
    Int8 {
        /// -127..=127.
        weights: Vec<i8>,
        /// One for each row.
        scales: Vec<f32>,
    },
}

impl Matrix {
    /// Whether as many numbers are there as the shape says.
    pub(crate) fn is_whole(&self) -> bool {
        let len = self.rows.checked_mul(self.columns);
        match &self.values {
            Values::F32(values) => Some(values.len()) == len,
            Values::Int8 { weights, scales } => Some(weights.len()) == len && scales.len() == self.rows,
        }
    }

    /// One row as f32.
    pub(crate) fn row(&self, row: usize) -> Vec<f32> {
        let mut values = vec![0.0; self.columns];
        self.add_row(row, &mut values);
        values
    }

    /// Adds one row to `sums`.
    pub(crate) fn add_row(&self, row: usize, sums: &mut [f32]) {
        let range = row * self.columns..(row + 1) * self.columns;
        match &self.values {
            Values::F32(values) => {
                sums.iter_mut().zip(&values[range]).for_each(|(sum, x)| *sum += x);
            }
            Values::Int8 { weights, scales } => {
                let scale = scales[row];
                sums.iter_mut().zip(&weights[range]).for_each(|(sum, &x)| *sum += f32::from(x) * scale);
            }
        }
    }

    /// One row in 8 bits with its scale, max |weight| / 127; exact where the row was in 8 bits already.
    fn row_int8(&self, row: usize) -> (Vec<i8>, f32) {
        if let Values::Int8 { weights, scales } = &self.values {
            return (weights[row * self.columns..(row + 1) * self.columns].to_vec(), scales[row]);
        }
        let values = self.row(row);
        let largest = values.iter().fold(0f32, |most, x| most.max(x.abs()));
        let scale = (largest / 127.0).max(f32::MIN_POSITIVE);
        #[expect(clippy::cast_possible_truncation, reason = "at most 127 in size")]
        let bytes = values.iter().map(|x| (x / scale).round_ties_even() as i8).collect();
        (bytes, scale)
    }
}

/// A linear layer's weights in f32: panels of as many columns as two registers hold, row of inputs by
/// row of inputs.
#[derive(Debug)]
pub(crate) struct PackedF32 {
    pub(crate) depth: usize,
    pub(crate) columns: usize,
    pub(crate) weights: Aligned<f32>,
    pub(crate) bias: Aligned<f32>,
}

impl PackedF32 {
    /// `parts` stand side by side, each padded to whole panels; `width` columns lie interleaved.
    pub(crate) fn new(parts: &[(&Matrix, &[f32])], width: usize) -> Self {
        let depth = parts.first().map_or(0, |(matrix, _)| matrix.columns);
        let columns = parts.iter().map(|(matrix, _)| padded(matrix.rows)).sum();
        let mut weights = Aligned::zeroed(columns * depth);
        let mut bias = Aligned::zeroed(columns);
        let mut first = 0;
        for (matrix, shift) in parts {
            bias[first..first + matrix.rows].copy_from_slice(shift);
            for row in 0..matrix.rows {
                let column = first + row;
                let panel = column / width * width * depth + column % width;
                for (k, x) in matrix.row(row).into_iter().enumerate() {
                    weights[panel + k * width] = x;
                }
            }
            first += padded(matrix.rows);
        }
        Self { depth, columns, weights, bias }
    }
}

/// A linear layer's weights in 8 bits: strips of sixteen columns, four inputs of a column together, as
/// the dot-product instructions (and AMX) take them.
#[derive(Debug)]
pub(crate) struct PackedInt8 {
    /// Inputs, padded to a multiple of [`DEPTH`].
    pub(crate) depth: usize,
    pub(crate) columns: usize,
    pub(crate) weights: Aligned<i8>,
    /// Each column's scale.
    pub(crate) scale: Aligned<f32>,
    /// Each column's sum of bytes, which the zero of the other factor's grid is multiplied by.
    pub(crate) sum: Aligned<f32>,
    pub(crate) bias: Aligned<f32>,
}

impl PackedInt8 {
    /// `parts` stand side by side, each padded to whole panels.
    pub(crate) fn new(parts: &[(&Matrix, &[f32])]) -> Self {
        let depth = parts.first().map_or(0, |(matrix, _)| matrix.columns).next_multiple_of(DEPTH);
        let columns = parts.iter().map(|(matrix, _)| padded(matrix.rows)).sum();
        let mut packed = Self {
            depth,
            columns,
            weights: Aligned::zeroed(columns * depth),
            scale: Aligned::zeroed(columns),
            sum: Aligned::zeroed(columns),
            bias: Aligned::zeroed(columns),
        };
        let mut first = 0;
        for (matrix, shift) in parts {
            packed.bias[first..first + matrix.rows].copy_from_slice(shift);
            for row in 0..matrix.rows {
                packed.put_column(first + row, &matrix.row_int8(row));
            }
            first += padded(matrix.rows);
        }
        packed
    }

    fn put_column(&mut self, column: usize, (bytes, scale): &(Vec<i8>, f32)) {
        self.scale[column] = *scale;
        #[expect(clippy::cast_precision_loss, reason = "exact below 2^24")]
        let sum = bytes.iter().map(|&byte| i32::from(byte)).sum::<i32>() as f32;
        self.sum[column] = sum;
        let strip = column / STRIP * STRIP * self.depth + column % STRIP * 4;
        for (k, &byte) in bytes.iter().enumerate() {
            self.weights[strip + k / 4 * STRIP * 4 + k % 4] = byte;
        }
    }
}

#[cfg(test)]
mod tests;
