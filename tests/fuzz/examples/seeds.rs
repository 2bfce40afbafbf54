//! `cargo run --example seeds`: writes the seeds of `corpus` that are made by this project.

use fact_core::approx::Approx;
use fact_core::kernel::Kernel;
use fact_core::nn::train::{self, State};
use fact_core::scalar::Scalar;
use fact_core::snapshot::fill;
use fact_fuzz::{Flash, PARAMS, REGION, optimizers, step, training};
use fact_host::experiment::Matrix;
use fact_host::model::{self, Inputs, Model, Outputs};
use fact_host::network::{self, About, Network, Standardization};
use fact_host::plan::Precision;
use fact_host::report;
use fact_store::Store;
use flate2::{Compression, write::GzEncoder};
use std::io::Write;
use std::{fs, io};

fn main() -> io::Result<()> {
    csv()?;
    idx()?;
    machines()?;
    npy()?;
    networks()?;
    snapshots::<f32>("f32")?;
    snapshots::<f64>("f64")?;
    snapshots::<Approx>("approx")?;
    store()
}

/// A training run of each optimiser after seven calls.
fn snapshots<T: Scalar>(precision: &str) -> io::Result<()> {
    for (name, optimizer) in ["sgd", "heavy-ball", "adam", "lbfgs"].into_iter().zip(optimizers()) {
        let training = training::<T>(optimizer);
        let mut state = State::new();
        let mut theta = [1.0, -0.5, 0.25, 0.75, -1.0, 0.5].map(T::from_f64);
        let mut memory = vec![T::ZERO; train::memory(&optimizer, PARAMS)];
        for _ in 0..7 {
            step(&training, &mut state, &mut theta, &mut memory).map_err(io::Error::other)?;
        }
        let mut bytes = vec![0; train::saved_size(&optimizer, PARAMS)];
        train::save(&training, 7, &state, &theta, &memory, fill(&mut bytes))
            .map_err(io::Error::other)?;
        fs::write(format!("corpus/snapshot/{name}-{precision}"), bytes)?;
    }
    Ok(())
}

/// A flash after no save, one, and five.
fn store() -> io::Result<()> {
    let mut flash = Flash::new(&[]);
    for saves in 0..=5_u8 {
        if saves > 0 {
            let mut store = Store::open(&mut flash, REGION).map_err(io::Error::other)?;
            let payload = [saves; 70];
            store.save(70, |_, writer| writer.write(&payload)).map_err(io::Error::other)?;
        }
        if [0, 1, 5].contains(&saves) {
            fs::write(format!("corpus/store/{saves}-saves"), flash.0)?;
        }
    }
    Ok(())
}

/// A folder of the corpus with these files.
fn write(folder: &str, files: &[(&str, &[u8])]) -> io::Result<()> {
    fs::create_dir_all(format!("corpus/{folder}"))?;
    files.iter().try_for_each(|(name, bytes)| fs::write(format!("corpus/{folder}/{name}"), bytes))
}

fn csv() -> io::Result<()> {
    write(
        "csv",
        &[
            ("classes", b"a,b,y\n1,2,u\n3,4.5,v\n-1e-3,0,u\n"),
            ("gaps", b"a;b;c\n1;;0.5\nNA;2;1.5\n3;?;2\n"),
            ("numbers", b"1\t2\t0\n3\t4\t1\n5\t6\t0\n7\t8\t1\n"),
            ("quoted", b"\xef\xbb\xbf\"a\",\"b, \"\"c\"\"\",y\r\n1,\"2\",0.5\r\n\r\n3, 4 ,inf\r\n"),
            ("years", b"2019,2020,2021\n1,2,3.5\n4,5,6.5\n"),
        ],
    )
}

fn idx() -> io::Result<()> {
    let labels = [0, 0, 8, 1, 0, 0, 0, 3, 0, 1, 2];
    let images = [&[0, 0, 0x0D, 2, 0, 0, 0, 1, 0, 0, 0, 2][..], &[0x3F, 0x80, 0, 0, 0, 0, 0, 0]];
    let wide = [&[0, 0, 8, 4, 0, 0, 0, 0][..], &[0xFF; 12]].concat();
    let mut packed = GzEncoder::new(Vec::new(), Compression::default());
    packed.write_all(&labels)?;
    write(
        "idx",
        &[
            ("labels", &labels),
            ("images", &images.concat()),
            ("labels.gz", &packed.finish()?),
            ("wide", &wide),
        ],
    )
}

/// Whole numbers, real ones of either byte order, and a matrix in Fortran order.
fn npy() -> io::Result<()> {
    let matrix = Matrix { nrows: 2, ncols: 3, data: vec![0.0, 1.0, -2.0, 0.5, 1e-3, 1e9] };
    let with = |version: &[u8], descr: &str, order: &str, shape: &str, data: &[u8]| {
        let header =
            format!("{{'descr': '{descr}', 'fortran_order': {order}, 'shape': {shape}, }}\n");
        let length = (header.len() as u32).to_le_bytes();
        let wide = if version == [1, 0] { 2 } else { 4 };
        [b"\x93NUMPY", version, &length[..wide], header.as_bytes(), data].concat()
    };
    let fortran = [0_f32, 1.0, 0.5, 1.0, 0.0, 0.5].map(f32::to_be_bytes).concat();
    write(
        "npy",
        &[
            ("matrix", &report::encode(&matrix)?),
            ("fortran", &with(&[1, 0], ">f4", "True", "(3, 2)", &fortran)),
            ("classes", &with(&[2, 0], "<i2", "False", "(3,)", &[0, 0, 1, 0, 2, 0])),
            ("number", &with(&[3, 0], "|b1", "False", "()", &[1])),
            ("nothing", &with(&[1, 0], "|u1", "False", "(0, 2, 3)", &[])),
            ("wide", &with(&[1, 0], "|u1", "False", "(0, 4294967296, 4294967296)", &[])),
        ],
    )
}

/// Networks with and without all that is not weights.
fn networks() -> io::Result<()> {
    let names = |names: &[&str]| names.iter().copied().map(str::to_owned).collect();
    let about = About {
        dataset: "d".to_owned(),
        activation: "srelu:0.1".to_owned(),
        loss: "half-mse".to_owned(),
        lambda: 0.01,
        bias_decay: false,
        features: names(&["a", "b"]),
        labels: names(&["u", "v"]),
        inputs: Some(Standardization { mean: vec![0.5, -1.0], scale: vec![1.0, 2.0] }),
        targets: None,
    };
    let theta = vec![1.0, -0.5, 0.25, 0.0, 2.0, -1.0];
    let bare = Network {
        widths: vec![2, 1, 2],
        biased: false,
        precision: Precision::F32,
        theta: theta[..4].to_vec(),
        about: None,
    };
    let whole = Network {
        widths: vec![2, 2],
        biased: true,
        precision: Precision::F64,
        theta,
        about: Some(about),
    };
    let bytes = |network| network::encode(network).map_err(io::Error::other);
    write("safetensors", &[("bare", &bytes(&bare)?), ("whole", &bytes(&whole)?)])
}

/// A kernel machine for each kind of outputs and of kernels.
fn machines() -> io::Result<()> {
    let labels =
        |labels: &[&str]| Outputs::Classes(labels.iter().copied().map(str::to_owned).collect());
    let (bandwidth, exponent) = (2.0, 1.5);
    for (name, precision, kernel, outputs) in [
        ("laplace", Precision::F32, Kernel::Laplace { bandwidth }, labels(&["u", "v"])),
        (
            "generalized-laplace",
            Precision::F64,
            Kernel::GeneralizedLaplace { bandwidth, exponent },
            labels(&["u", "v", "w"]),
        ),
        ("gaussian", Precision::F64, Kernel::Gaussian { bandwidth }, Outputs::Values(vec![0.5])),
        ("quadratic", Precision::F32, Kernel::Quadratic, Outputs::Values(vec![0.5, 2.0])),
        ("exponential", Precision::F32, Kernel::Exponential { bandwidth }, labels(&["u", "v"])),
    ] {
        let machine = Model {
            precision,
            kernel,
            x: vec![0.5, -1.0, 2.0, 0.25],
            metric: vec![1.0, 0.5, 0.5, 2.0],
            dual: (0..2 * outputs.count()).map(|k| k as f64 - 1.5).collect(),
            inputs: Inputs {
                features: vec!["a".to_owned(), "b".to_owned()],
                mean: vec![0.0, 1.0],
                scale: vec![1.0, 0.5],
            },
            outputs,
        };
        write("model", &[(name, &model::encode(&machine))])?;
    }
    Ok(())
}
