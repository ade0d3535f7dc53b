//! Weights on disk: safetensors, in f32, f16, bf16, or in 8 bits with one scale per row.
//!
//! The 8-bit form stores a matrix `name` as int8 beside `name.scale`, one f32 for each row (output
//! channel): weight = int8 × scale, scale = max |row| / 127. It is a quarter the size of f32.

use std::collections::HashMap;
use std::path::Path;

use candle_core::{DType, Device, Tensor};
use deskhand_kernels::{Matrix, Values};
use safetensors::tensor::{Dtype, SafeTensors, TensorView};

/// Tensors by name, f32 on the CPU.
pub type Weights = HashMap<String, Tensor>;

const SCALE: &str = ".scale";

/// Reads a safetensors file whole into f32 tensors. Errors name the tensor.
pub fn read(path: &Path) -> candle_core::Result<Weights> {
    let bytes = std::fs::read(path)?;
    let file = SafeTensors::deserialize(&bytes).map_err(candle_core::Error::wrap)?;
    let mut weights = Weights::new();
    for name in names(&file) {
        let view = file.tensor(name).map_err(candle_core::Error::wrap)?;
        let tensor = if view.dtype() == Dtype::I8 {
            let Matrix { rows, columns, values } = int8_matrix(&file, name, &view)?;
            Tensor::from_vec(dequantized(&values, columns), (rows, columns), &Device::Cpu)?
        } else {
            candle_core::safetensors::Load::load(&view, &Device::Cpu)?.to_dtype(DType::F32)?
        };
        weights.insert(name.to_string(), tensor);
    }
    Ok(weights)
}

/// Reads a safetensors file of matrices and vectors (as one row), those in 8 bits as they are.
pub fn read_matrices(path: &Path) -> candle_core::Result<HashMap<String, Matrix>> {
    let bytes = std::fs::read(path)?;
    let file = SafeTensors::deserialize(&bytes).map_err(candle_core::Error::wrap)?;
    let mut matrices = HashMap::new();
    for name in names(&file) {
        let view = file.tensor(name).map_err(candle_core::Error::wrap)?;
        let matrix = if view.dtype() == Dtype::I8 {
            int8_matrix(&file, name, &view)?
        } else {
            let tensor = candle_core::safetensors::Load::load(&view, &Device::Cpu)?.to_dtype(DType::F32)?;
            f32_matrix(&tensor).map_err(|e| candle_core::Error::Msg(format!("{name}: {e}")))?
        };
        matrices.insert(name.to_string(), matrix);
    }
    Ok(matrices)
}

/// Names of the tensors, without the scales of others and without buffers of positions (integers), which
/// some exports carry and the network makes itself.
fn names<'a>(file: &'a SafeTensors<'_>) -> impl Iterator<Item = &'a str> {
    file.iter()
        .filter(|(name, view)| !name.ends_with(SCALE) && view.dtype() != Dtype::I64)
        .map(|(name, _)| name)
}

/// A tensor as a matrix, a vector as one row.
pub(super) fn f32_matrix(tensor: &Tensor) -> candle_core::Result<Matrix> {
    let (rows, columns) = match tensor.dims() {
        [columns] => (1, *columns),
        [rows, columns] => (*rows, *columns),
        shape => candle_core::bail!("a matrix has two dimensions, not {shape:?}"),
    };
    Ok(Matrix { rows, columns, values: Values::F32(tensor.flatten_all()?.to_vec1()?) })
}

/// A matrix in 8 bits with a scale per row.
pub(super) fn int8(tensor: &Tensor) -> candle_core::Result<Matrix> {
    let (rows, columns) = tensor.dims2()?;
    let (bytes, scales) = quantize(&tensor.flatten_all()?.to_vec1()?, columns);
    let weights = bytes.into_iter().map(u8::cast_signed).collect();
    Ok(Matrix { rows, columns, values: Values::Int8 { weights, scales } })
}

/// A matrix as a tensor of f32.
pub(super) fn tensor(matrix: &Matrix) -> candle_core::Result<Tensor> {
    let shape = (matrix.rows, matrix.columns);
    Tensor::from_vec(dequantized(&matrix.values, matrix.columns), shape, &Device::Cpu)
}

fn int8_matrix(file: &SafeTensors<'_>, name: &str, view: &TensorView<'_>) -> candle_core::Result<Matrix> {
    let (rows, columns) = match view.shape() {
        [rows, columns] => (*rows, *columns),
        shape => candle_core::bail!("{name}: an 8-bit tensor has two dimensions, not {shape:?}"),
    };
    let scale = file.tensor(&format!("{name}{SCALE}")).map_err(candle_core::Error::wrap)?;
    if scale.dtype() != Dtype::F32 || scale.shape() != [rows] {
        candle_core::bail!("{name}{SCALE}: expected {rows} numbers in f32, one for each row of {name}");
    }
    let scales = scale.data().chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect();
    let weights = view.data().iter().map(|byte| byte.cast_signed()).collect();
    Ok(Matrix { rows, columns, values: Values::Int8 { weights, scales } })
}

fn dequantized(values: &Values, columns: usize) -> Vec<f32> {
    match values {
        Values::F32(values) => values.clone(),
        Values::Int8 { weights, scales } => weights
            .chunks_exact(columns.max(1))
            .zip(scales)
            .flat_map(|(row, scale)| row.iter().map(move |&byte| f32::from(byte) * scale))
            .collect(),
    }
}

/// Writes weights: matrices in 8 bits with a scale per row, everything else in f32.
pub fn write_int8(path: &Path, weights: &Weights) -> candle_core::Result<()> {
    let mut parts: Vec<(String, Dtype, Vec<usize>, Vec<u8>)> = Vec::new();
    for (name, tensor) in weights {
        let shape = tensor.dims().to_vec();
        let values = tensor.flatten_all()?.to_vec1::<f32>()?;
        if let [rows, columns] = shape[..] {
            let (bytes, scales) = quantize(&values, columns);
            parts.push((name.clone(), Dtype::I8, shape, bytes));
            parts.push((format!("{name}{SCALE}"), Dtype::F32, vec![rows], f32_bytes(&scales)));
        } else {
            parts.push((name.clone(), Dtype::F32, shape, f32_bytes(&values)));
        }
    }
    write_parts(path, &mut parts)
}

/// Writes weights in f32, for heads, which are small.
pub fn write_f32(path: &Path, weights: &Weights) -> candle_core::Result<()> {
    let mut parts = Vec::new();
    for (name, tensor) in weights {
        let values = tensor.flatten_all()?.to_vec1::<f32>()?;
        parts.push((name.clone(), Dtype::F32, tensor.dims().to_vec(), f32_bytes(&values)));
    }
    write_parts(path, &mut parts)
}

fn write_parts(path: &Path, parts: &mut [(String, Dtype, Vec<usize>, Vec<u8>)]) -> candle_core::Result<()> {
    // A fixed order, so that the same weights give the same file and the same checksum.
    parts.sort_by(|a, b| a.0.cmp(&b.0));
    let views = parts
        .iter()
        .map(|(name, dtype, shape, bytes)| {
            TensorView::new(*dtype, shape.clone(), bytes).map(|view| (name.as_str(), view))
        })
        .collect::<Result<Vec<_>, _>>()
        .map_err(candle_core::Error::wrap)?;
    let bytes = safetensors::serialize(views, None).map_err(candle_core::Error::wrap)?;
    Ok(std::fs::write(path, bytes)?)
}

/// Symmetric, one scale for each row of `columns` numbers.
fn quantize(values: &[f32], columns: usize) -> (Vec<u8>, Vec<f32>) {
    let mut bytes = Vec::with_capacity(values.len());
    let mut scales = Vec::new();
    for row in values.chunks(columns.max(1)) {
        let largest = row.iter().fold(0f32, |max, x| max.max(x.abs()));
        let scale = if largest > 0.0 { largest / 127.0 } else { 1.0 };
        bytes.extend(row.iter().map(|x| ((x / scale).round() as i8).cast_unsigned()));
        scales.push(scale);
    }
    (bytes, scales)
}

fn f32_bytes(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|x| x.to_le_bytes()).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]
        #[test]
        fn eight_bits_keep_every_weight_within_half_a_step(
            rows in 1usize..5, columns in 1usize..9, seed in prop::collection::vec(-3f32..3.0, 45)
        ) {
            let values: Vec<f32> = seed.into_iter().take(rows * columns).collect();
            prop_assume!(values.len() == rows * columns);
            let dir = tempfile::tempdir().unwrap();
            let path = dir.path().join("w.safetensors");
            let tensor = Tensor::from_vec(values.clone(), (rows, columns), &Device::Cpu).unwrap();
            write_int8(&path, &Weights::from([("w".to_string(), tensor)])).unwrap();
            let back = read(&path).unwrap()["w"].flatten_all().unwrap().to_vec1::<f32>().unwrap();
            for (row, back) in values.chunks(columns).zip(back.chunks(columns)) {
                let step = row.iter().fold(0f32, |m, x| m.max(x.abs())) / 127.0;
                for (a, b) in row.iter().zip(back) {
                    prop_assert!((a - b).abs() <= step * 0.5001 + 1e-7);
                }
            }
        }
    }
}
