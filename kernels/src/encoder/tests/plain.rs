//! BERT as it is written down, in f64.

use crate::packed::Matrix;
use crate::testing::activated;
use crate::{Shape, Text};

type Rows = Vec<Vec<f64>>;

/// The mean hidden states of each text at the taps.
pub(super) fn forward(shape: &Shape, tensor: &dyn Fn(&str) -> Matrix, texts: &[Text<'_>]) -> Vec<f64> {
    let plain = Plain { shape, tensor };
    texts.iter().flat_map(|text| plain.text(text)).collect()
}

struct Plain<'a> {
    shape: &'a Shape,
    tensor: &'a dyn Fn(&str) -> Matrix,
}

impl Plain<'_> {
    fn rows(&self, name: &str) -> Rows {
        let matrix = (self.tensor)(name);
        (0..matrix.rows).map(|row| matrix.row(row).into_iter().map(f64::from).collect()).collect()
    }

    fn linear(&self, name: &str, input: &Rows) -> Rows {
        let (weights, bias) = (self.rows(&format!("{name}.weight")), &self.rows(&format!("{name}.bias"))[0]);
        let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
        let outputs =
            |row: &Vec<f64>| weights.iter().zip(bias).map(|(column, bias)| dot(row, column) + bias).collect();
        input.iter().map(outputs).collect()
    }

    /// Layer norm of the sums of two.
    fn normed(&self, name: &str, a: &Rows, b: &Rows) -> Rows {
        let gain = &self.rows(&format!("{name}.weight"))[0];
        let shift = &self.rows(&format!("{name}.bias"))[0];
        let norm = |(a, b): (&Vec<f64>, &Vec<f64>)| {
            let row: Vec<f64> = a.iter().zip(b).map(|(a, b)| a + b).collect();
            let count = row.len() as f64;
            let mean = row.iter().sum::<f64>() / count;
            let variance = row.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / count;
            let scale = 1.0 / (variance + f64::from(self.shape.eps)).sqrt();
            row.iter().zip(gain.iter().zip(shift)).map(|(x, (g, s))| (x - mean) * scale * g + s).collect()
        };
        a.iter().zip(b).map(norm).collect()
    }

    fn embedded(&self, text: &Text<'_>) -> Rows {
        let table = |name: &str| self.rows(&format!("embeddings.{name}_embeddings.weight"));
        let (words, positions, types) = (table("word"), table("position"), table("token_type"));
        let pick =
            |table: &Rows, ids: &[u32]| ids.iter().map(|&id| table[id as usize].clone()).collect::<Rows>();
        let mut words = pick(&words, text.ids);
        for (word, place) in words.iter_mut().zip(&positions) {
            word.iter_mut().zip(place).for_each(|(x, y)| *x += y);
        }
        self.normed("embeddings.LayerNorm", &words, &pick(&types, text.type_ids))
    }

    fn attended(&self, name: &str, hidden: &Rows) -> Rows {
        let part = |part: &str| self.linear(&format!("{name}.attention.self.{part}"), hidden);
        let (queries, keys, values) = (part("query"), part("key"), part("value"));
        let width = self.shape.hidden / self.shape.heads;
        let mut context = vec![vec![0.0; self.shape.hidden]; hidden.len()];
        for head in 0..self.shape.heads {
            let own = head * width..(head + 1) * width;
            for (query, context) in queries.iter().zip(&mut context) {
                let score = |key: &Vec<f64>| {
                    let products = query[own.clone()].iter().zip(&key[own.clone()]).map(|(q, k)| q * k);
                    products.sum::<f64>() / (width as f64).sqrt()
                };
                let powers: Vec<f64> = keys.iter().map(|key| score(key).exp()).collect();
                let sum: f64 = powers.iter().sum();
                for (value, power) in values.iter().zip(powers) {
                    let to = context[own.clone()].iter_mut();
                    to.zip(&value[own.clone()]).for_each(|(to, x)| *to += power / sum * x);
                }
            }
        }
        self.linear(&format!("{name}.attention.output.dense"), &context)
    }

    fn layer(&self, number: usize, hidden: &Rows) -> Rows {
        let name = format!("encoder.layer.{number}");
        let attended = self.attended(&name, hidden);
        let hidden = self.normed(&format!("{name}.attention.output.LayerNorm"), hidden, &attended);
        let mut inner = self.linear(&format!("{name}.intermediate.dense"), &hidden);
        inner.iter_mut().flatten().for_each(|x| *x = activated(self.shape.activation, *x));
        let outer = self.linear(&format!("{name}.output.dense"), &inner);
        self.normed(&format!("{name}.output.LayerNorm"), &hidden, &outer)
    }

    fn text(&self, text: &Text<'_>) -> Vec<f64> {
        let mut hidden = self.embedded(text);
        let mut features = Vec::new();
        for number in 0..self.shape.layers {
            hidden = self.layer(number, &hidden);
            if self.shape.taps.contains(&(number + 1)) {
                let count = hidden.len() as f64;
                let mean = |i: usize| hidden.iter().map(|row| row[i]).sum::<f64>() / count;
                features.extend((0..self.shape.hidden).map(mean));
            }
        }
        features
    }
}
