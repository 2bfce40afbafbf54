//! The plans of `fact check` and `fact check-traces`: files, and what is known of the training.

use super::{Activation, Loss, Precision, Setting, check_lambda};
use crate::data::{self, Array, Header, Missing};
use crate::error::{Error, Fault, Result, counted};
use crate::network::{self, Network};
use std::path::{Path, PathBuf};

/// What `fact check` is to do. What is `None` is taken from the file of weights.
#[derive(Clone, Debug, PartialEq)]
pub struct Check {
    /// The weights, a safetensors file.
    pub weights: PathBuf,
    /// The inputs.
    pub x: PathBuf,
    /// The targets.
    pub y: PathBuf,
    /// Activation of the hidden layers.
    pub activation: Option<Activation>,
    /// Loss per sample.
    pub loss: Option<Loss>,
    /// Weight decay λ.
    pub lambda: Option<f64>,
    /// Biases decay like weights.
    pub bias_decay: bool,
    /// Number format of training.
    pub precision: Option<Precision>,
    /// Whether the first row of a text file names the columns.
    pub header: Header,
    /// What becomes of an input without a value in a text file.
    pub missing: Missing,
    /// Print JSON, not a table.
    pub json: bool,
    /// Where report, matrices and pictures go.
    pub out: Option<PathBuf>,
}

/// A network and the samples it is to be examined on.
#[derive(Clone, Debug, PartialEq)]
pub struct Examined {
    /// Name of the file of weights.
    pub name: String,
    /// Widths of all layers, inputs first.
    pub widths: Vec<usize>,
    /// All parameters, in core's layout.
    pub theta: Vec<f64>,
    /// What it is, and what it minimises.
    pub setting: Setting,
    /// Inputs, `n×d`.
    pub x: Vec<f64>,
    /// Targets, `n×c`.
    pub y: Vec<f64>,
    /// Number of samples.
    pub n: usize,
    /// Number of classes; `None` for numeric targets.
    pub classes: Option<usize>,
}

impl Check {
    /// Reads the files and fits them together.
    ///
    /// # Errors
    /// [`Error::Read`] and [`Error::Data`] of the files; [`Error::Usage`] when something is needed
    /// that neither the arguments nor the weights tell.
    pub fn load(&self) -> Result<Examined> {
        let network = network::parse(&self.weights, &data::bytes(&self.weights)?)?;
        let setting = self.setting(&network)?;
        let mut x = data::read_array(&self.x, self.header, self.missing)?;
        let inputs = network.widths.first().copied().unwrap_or_default();
        let outputs = network.widths.last().copied().unwrap_or_default();
        if x.rows() == 0 {
            return Err(disagree(&self.x, "no rows".into(), "at least one".into()));
        }
        if x.columns() != inputs {
            let found =
                format!("{} of {}", counted(x.rows(), "row"), counted(x.columns(), "column"));
            let expected = format!("{}, as the first layer has inputs", counted(inputs, "column"));
            return Err(disagree(&self.x, found, expected));
        }
        let labels = network.about.as_ref().map_or(&[][..], |about| &about.labels);
        let (mut y, classes) = self.targets(x.rows(), outputs, labels)?;
        if setting.loss == Loss::CrossEntropy && outputs == 1 {
            return Err(Error::Usage(
                "--loss ce: the cross-entropy of a single output is always 0. Use --loss mse"
                    .to_owned(),
            ));
        }
        if let Some(about) = &network.about {
            if let Some(inputs) = &about.inputs {
                inputs.apply(&mut x.data);
            }
            if let Some(targets) = &about.targets {
                targets.apply(&mut y);
            }
        }
        let n = x.rows();
        Ok(Examined {
            name: stem(&self.weights),
            widths: network.widths,
            theta: network.theta,
            setting,
            x: x.data,
            y,
            n,
            classes: (classes || setting.loss == Loss::CrossEntropy).then_some(outputs),
        })
    }

    fn setting(&self, network: &Network) -> Result<Setting> {
        let known = network.about.as_ref();
        let kinds = known.map(|about| about.kinds()).transpose()?;
        let absent = |option: &str| {
            Error::Usage(format!(
                "{option} is missing, and {} does not say it. Give the value it was trained with",
                self.weights.display()
            ))
        };
        let activation = self.activation.or(kinds.map(|k| k.0));
        // A linear model has no hidden layer to ask about.
        let activation = activation.or((network.widths.len() == 2).then_some(Activation::Identity));
        let activation = activation.ok_or_else(|| absent("--activation"))?;
        let loss = self.loss.or(kinds.map(|k| k.1)).ok_or_else(|| absent("--loss"))?;
        let lambda = self.lambda.or(known.map(|about| about.lambda));
        let lambda = lambda.ok_or_else(|| absent("--lambda"))?;
        if self.bias_decay && !network.biased {
            return Err(Error::Usage(format!(
                "--bias-decay has no effect: {} holds no biases",
                self.weights.display()
            )));
        }
        let bias_decay = self.bias_decay || known.is_some_and(|about| about.bias_decay);
        let mut setting = network.setting((activation, loss), lambda, bias_decay);
        setting.precision = self.precision.unwrap_or(setting.precision);
        check_lambda(lambda, setting.precision)?;
        Ok(setting)
    }

    /// Targets `n×outputs`, and whether they are classes.
    fn targets(&self, n: usize, outputs: usize, labels: &[String]) -> Result<(Vec<f64>, bool)> {
        let y = match labels {
            [] => data::read_array(&self.y, self.header, Missing::Refuse)?,
            names => data::read_labels(&self.y, self.header, names)?,
        };
        if y.rows() != n {
            let expected = format!("{n}, as {} has", self.x.display());
            return Err(disagree(&self.y, counted(y.rows(), "row"), expected));
        }
        if y.columns() == outputs && (labels.is_empty() || outputs > 1) {
            return Ok((y.data, !labels.is_empty()));
        }
        if y.columns() != 1 {
            let found = counted(y.columns(), "column");
            let expected = format!("{outputs}, as the last layer has outputs, or 1 of classes");
            return Err(disagree(&self.y, found, expected));
        }
        let mut one_hot = vec![0.0; n * outputs];
        for ((row, &label), number) in one_hot.chunks_exact_mut(outputs).zip(&y.data).zip(1..) {
            let class = (0..outputs).find(|&class| class as f64 == label);
            let Some(cell) = class.and_then(|class| row.get_mut(class)) else {
                let fault = Fault::of_file(&self.y, format!("the class {label}"));
                return Err(Error::data(
                    fault
                        .field(format!("row {number}"))
                        .expected(format!("a whole number from 0 to {}", outputs - 1))
                        .advice("Classes count from 0, in the order of the outputs"),
                ));
            };
            *cell = 1.0;
        }
        Ok((one_hot, true))
    }
}

/// What `fact check-traces` is to do.
#[derive(Clone, Debug, PartialEq)]
pub struct CheckTraces {
    /// Weights `W: out×in`.
    pub weight: PathBuf,
    /// Inputs of the layer, one a row.
    pub inputs: PathBuf,
    /// ∂ℓ/∂z, one a row.
    pub deltas: PathBuf,
    /// Number of samples; `None` for one a row.
    pub samples: Option<usize>,
    /// Weight decay λ; `None` for the one that fits best.
    pub lambda: Option<f64>,
    /// Print JSON, not a table.
    pub json: bool,
}

impl CheckTraces {
    /// Reads weights, inputs and deltas, whose shapes agree.
    ///
    /// # Errors
    /// [`Error::Read`] and [`Error::Data`].
    pub fn load(&self) -> Result<[Array; 3]> {
        let read = |path: &PathBuf| -> Result<Array> {
            let array = data::read_array(path, Header::Auto, Missing::Refuse)?;
            if array.data.is_empty() {
                return Err(disagree(path, "no elements".into(), "at least one row".into()));
            }
            Ok(array)
        };
        let weight = read(&self.weight)?;
        if weight.shape.len() < 2 {
            let found = format!("{} in a single axis", counted(weight.data.len(), "number"));
            let fault = Fault::of_file(&self.weight, found).expected("a matrix, outputs × inputs");
            return Err(Error::data(fault.advice("Give one output a matrix of one row")));
        }
        let (inputs, deltas) = (read(&self.inputs)?, read(&self.deltas)?);
        for (path, array, width, what) in [
            (&self.inputs, &inputs, weight.columns(), "columns"),
            (&self.deltas, &deltas, weight.rows(), "rows"),
        ] {
            if array.columns() != width {
                let found = counted(array.columns(), "column");
                let expected = format!("{width}, as {} has {what}", self.weight.display());
                return Err(disagree(path, found, expected));
            }
        }
        if deltas.rows() != inputs.rows() {
            let expected = format!("{}, as {} has", inputs.rows(), self.inputs.display());
            return Err(disagree(&self.deltas, counted(deltas.rows(), "row"), expected));
        }
        Ok([weight, inputs, deltas])
    }
}

fn disagree(path: &Path, found: String, expected: String) -> Error {
    let advice = "One row is one sample: transpose or flatten the array if need be";
    Error::data(Fault::of_file(path, found).expected(expected).advice(advice))
}

/// The name of a file without its ending.
pub(crate) fn stem(path: &Path) -> String {
    path.file_stem().unwrap_or_default().to_string_lossy().into_owned()
}
