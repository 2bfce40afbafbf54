//! Input that is wrong: each case with the message that it must produce, and no case without one.

use crate::command::{fact, file, fixture, npy, words};
use fact_host::data::{Format, idx, npy as npy_file, parse};
use fact_host::{model, network};
use flate2::{Compression, write::GzEncoder};
use safetensors::tensor::{Dtype, TensorView};
use std::collections::HashMap;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

/// An `.npy` file with this header, in place of a whole one.
fn npy_with(header: &str, data: &[u8]) -> Vec<u8> {
    let length = u16::try_from(header.len()).expect("short").to_le_bytes();
    [b"\x93NUMPY\x01\x00", &length[..], header.as_bytes(), data].concat()
}

fn described(descr: &str, shape: &str) -> String {
    format!("{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}\n")
}

/// A safetensors file of `f32` zeros: name and shape of each tensor.
fn tensors(shapes: &[(&str, &[usize])]) -> Vec<u8> {
    typed(shapes, Dtype::F32, &[0; 4])
}

fn typed(shapes: &[(&str, &[usize])], dtype: Dtype, element: &[u8]) -> Vec<u8> {
    let data: Vec<Vec<u8>> =
        shapes.iter().map(|(_, shape)| element.repeat(shape.iter().product())).collect();
    let views = shapes.iter().zip(&data).map(|((name, shape), data)| {
        (*name, TensorView::new(dtype, shape.to_vec(), data).expect("fits"))
    });
    safetensors::serialize(views, None).expect("serialised")
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).expect("in memory");
    encoder.finish().expect("in memory")
}

const LABELS: [u8; 11] = [0, 0, 8, 1, 0, 0, 0, 3, 0, 1, 2];

/// A whole network, 2-1, for the data to be wrong about.
fn linear() -> Vec<u8> {
    tensors(&[("0.weight", &[3, 2])])
}

fn x() -> Vec<u8> {
    npy(3, 2, &[0.0, 1.0, 1.0, 0.0, 0.5, 0.5])
}

/// What runs on the bad file, whose path stands for `{}`.
#[derive(Clone, Copy)]
enum Use {
    /// As data of `fact verify`.
    Verify,
    /// As weights, inputs or targets of `fact check`.
    Weights,
    X,
    Y,
    /// As a model of `fact export`, of `fact rfm predict`.
    Model,
    Machine,
}

fn run(folder: &Path, how: Use, name: &str, bytes: &[u8]) -> (i32, String, String) {
    let bad = file(folder, name, bytes);
    let net = file(folder, "good.safetensors", linear());
    let (x, y) = (file(folder, "good-x.npy", x()), file(folder, "good-y.csv", "0\n1\n2\n"));
    let check = |weights: &str, x: &str, y: &str| {
        let args = ["check", "--loss", "mse", "--lambda", "1", "--weights", weights];
        fact(&[&args[..], &["--x", x, "--y", y]].concat())
    };
    let output = match how {
        Use::Verify => fact(&["verify", &bad, "--evaluations", "2"]),
        Use::Weights => check(&bad, &x, &y),
        Use::X => check(&net, &bad, &y),
        Use::Y => check(&net, &x, &bad),
        Use::Model => fact(&["export", "--format", "json", "--model", &bad]),
        Use::Machine => fact(&["rfm", "predict", "--data", &x, "--model", &bad]),
    };
    let (out, err) = words(&output);
    (output.status.code().expect("exited"), out, err)
}

#[test]
fn every_bad_file_is_answered_with_its_message() {
    let whole = x();
    let half = |bytes: &[u8]| bytes[..bytes.len() / 2].to_vec();
    let mut nan = x();
    nan.splice(128 + 8..128 + 16, f64::NAN.to_le_bytes());
    let cases: Vec<(Use, &str, Vec<u8>, &str)> = vec![
        // .npy
        (Use::X, "a.npy", vec![], "a.npy: found an empty file, expected one that begins with"),
        (Use::X, "a.npy", b"1,2\n".to_vec(), "a.npy: found no NumPy file"),
        (Use::X, "a.npy", whole[..60].to_vec(), "found a file that ends within its header"),
        (Use::X, "a.npy", half(&whole), "found a file that ends within its header"),
        (
            Use::X,
            "a.npy",
            whole[..whole.len() - 1].to_vec(),
            "a.npy: found 47 bytes of data, expected 48 bytes, as the shape (3, 2) in its header",
        ),
        (
            Use::X,
            "a.npy",
            [whole.clone(), vec![0]].concat(),
            "a.npy: found 49 bytes of data, expected 48 bytes",
        ),
        (
            Use::X,
            "a.npy",
            npy_with(&described("'<f8'", "(1152921504606846976, 2)"), &[0; 16]),
            "found 16 bytes of data, expected more bytes than can be counted, as the shape",
        ),
        (
            Use::X,
            "a.npy",
            npy_with(&described("'<f8'", "(1152921504606846976, 1)"), &[0; 16]),
            "expected 9223372036854775808 bytes, as the shape (1152921504606846976, 1)",
        ),
        (
            Use::X,
            "a.npy",
            npy_with(&described("'<f8'", "(0, 4294967296, 4294967296)"), &[]),
            "found 0 bytes of data, expected more bytes than can be counted, as the shape (0,",
        ),
        (
            Use::X,
            "a.npy",
            npy_with(&described("'<f8'", "(99999999999999999999999, 2)"), &[]),
            "found a header without a readable 'shape'",
        ),
        (
            Use::X,
            "a.npy",
            npy_with(&described("'|O'", "(3, 2)"), &[]),
            "found elements of type \"|O\", expected float32, float64, integers or booleans.",
        ),
        (
            Use::X,
            "a.npy",
            npy_with(&described("[('a', '<f8')]", "(3,)"), &[0; 24]),
            "found elements of several fields",
        ),
        (Use::X, "a.npy", b"\x93NUMPY\x09\x00\x00\x00".to_vec(), "found version 9 of the format"),
        (Use::X, "a.npy", nan, "a.npy, row 1, column 2: found NaN, expected a finite number."),
        (Use::X, "a.npy", npy(1, 2, &[1.0, f64::NEG_INFINITY]), "row 1, column 2: found −infinity"),
        // Shapes that disagree.
        (Use::X, "a.npy", npy(1, 1, &[0.5]), "found 1 row of 1 column, expected 2 columns, as"),
        (
            Use::X,
            "a.npy",
            npy(2, 3, &[0.0; 6]),
            "found 2 rows of 3 columns, expected 2 columns, as the first layer has inputs.",
        ),
        (
            Use::X,
            "a.npy",
            npy_with(&described("'<f8'", "(0, 2)"), &[]),
            "a.npy: found no rows, expected at least one.",
        ),
        (Use::Y, "a.npy", npy(2, 1, &[0.0, 1.0]), "a.npy: found 2 rows, expected 3, as"),
        (
            Use::Y,
            "a.npy",
            npy(3, 2, &[0.0; 6]),
            "found 2 columns, expected 3, as the last layer has outputs, or 1 of classes.",
        ),
        (
            Use::Y,
            "a.npy",
            npy(3, 1, &[0.0, 1.0, 3.0]),
            "a.npy, row 3: found the class 3, expected a whole number from 0 to 2.",
        ),
        (Use::Y, "a.csv", b"0\n1.5\n2\n".to_vec(), "a.csv, row 2: found the class 1.5"),
        // Delimited text.
        (Use::X, "a.csv", b"1,2\n3\n5,6\n".to_vec(), "a.csv, line 2: found 1 field, expected 2"),
        (Use::X, "a.csv", b"1,2\n3,x\n5,6\n".to_vec(), "line 2, column 2: found \"x\", expected"),
        (Use::X, "a.csv", b"1,2\n\xff,4\n5,6\n".to_vec(), "a.csv, line 2: found the byte 0xFF"),
        (Use::X, "a.csv", b"".to_vec(), "a.csv: found no rows"),
        (
            Use::X,
            "a.csv",
            b"1,2\n3,\n5,6\n".to_vec(),
            "found nothing, expected a number. Fill in the missing value, remove the row, or say --missing mean",
        ),
        (
            Use::Verify,
            "a.csv",
            b"a,y\n1,u\n".to_vec(),
            "found the single class \"u\", expected two",
        ),
        (Use::Verify, "a.csv", b"a,y\n1,0.5\n".to_vec(), "found the same number in all 1 rows"),
        (Use::Verify, "a.csv", b"a,y\n1,u\n2,\"v\n".to_vec(), "expected a closing quote."),
        (Use::Verify, "a.csv", b"a,y\n1,u\n\xff,v\n".to_vec(), "expected UTF-8 text."),
        (Use::Verify, "a.csv", b"a,y\n1,u\ninf,v\n".to_vec(), "expected a finite number."),
        // IDX.
        (Use::Y, "a-ubyte", LABELS[..3].to_vec(), "found a file that ends within its header"),
        (Use::Y, "a-ubyte", LABELS[..6].to_vec(), "found a file that ends within its header"),
        (
            Use::Y,
            "a-ubyte",
            LABELS[..10].to_vec(),
            "a-ubyte: found 2 bytes of data, expected 3, as the shape (3) in its header says.",
        ),
        (
            Use::Y,
            "a-ubyte",
            [&LABELS[..], &[0]].concat(),
            "found more than 3 bytes of data, expected 3",
        ),
        (
            Use::Y,
            "a-ubyte",
            [0, 0, 8, 3].iter().chain(&[0xff; 12]).copied().collect(),
            "found 0 bytes of data, expected more than can be counted, as the shape (4294967295,",
        ),
        (
            Use::Y,
            "a-ubyte",
            [0, 0, 8, 4, 0, 0, 0, 0].iter().chain(&[0xff; 12]).copied().collect(),
            "found 0 bytes of data, expected more than can be counted, as the shape (0, 4294967295,",
        ),
        (Use::Y, "a-ubyte", b"\x01\x00\x08\x01".to_vec(), "found no IDX file, expected one that"),
        (Use::Y, "a-ubyte", b"\x00\x00\x07\x01".to_vec(), "found elements of type 0x07, expected"),
        (Use::Y, "a-ubyte", b"\x00\x00\x08\x00".to_vec(), "found 0 axes, expected 1 to 8."),
        (Use::Y, "a.gz", half(&gzip(&LABELS)), "a.gz: found a file that ends within its header"),
        (
            Use::Y,
            "a.gz",
            {
                let mut damaged = gzip(&LABELS);
                let end = damaged.len() - 8;
                damaged[end] ^= 1;
                damaged
            },
            "a.gz: found gzip data that cannot be unpacked (",
        ),
        // safetensors.
        (Use::Weights, "a.safetensors", vec![], "found no whole safetensors file ("),
        (Use::Weights, "a.safetensors", half(&linear()), "found no whole safetensors file ("),
        (
            Use::Weights,
            "a.safetensors",
            linear()[..linear().len() - 1].to_vec(),
            "The file is truncated or damaged: save it again",
        ),
        (
            Use::Weights,
            "a.safetensors",
            [&(1_u64 << 60).to_le_bytes()[..], b"{}"].concat(),
            "found no whole safetensors file (",
        ),
        (
            Use::Weights,
            "a.safetensors",
            tensors(&[("0.weight", &[2, 2]), ("1.running_mean", &[2])]),
            "found the tensor \"1.running_mean\", expected weights and biases only",
        ),
        (
            Use::Weights,
            "a.safetensors",
            tensors(&[("0.weight", &[2, 2, 3, 3])]),
            "found \"0.weight\" with the shape [2, 2, 3, 3], expected weights of shape",
        ),
        (
            Use::Weights,
            "a.safetensors",
            tensors(&[("0.weight", &[4, 2]), ("2.weight", &[3, 5])]),
            "found the weight of layer \"2\" with 5 inputs, expected 4, the outputs of layer \"0\"",
        ),
        (
            Use::Weights,
            "a.safetensors",
            tensors(&[("0.weight", &[4, 2]), ("0.bias", &[3])]),
            "found the bias of layer \"0\" with the shape [3], expected [4].",
        ),
        (
            Use::Weights,
            "a.safetensors",
            tensors(&[("0.bias", &[3])]),
            "found the bias of layer \"0\", expected a weight of that layer as well.",
        ),
        (
            Use::Weights,
            "a.safetensors",
            tensors(&[("0.weight", &[4, 2]), ("0.bias", &[4]), ("2.weight", &[3, 4])]),
            "found biases in 1 of 2 layers, expected biases in all layers or in none.",
        ),
        (Use::Weights, "a.safetensors", tensors(&[]), "found no weights, expected at least one"),
        (
            Use::Weights,
            "a.safetensors",
            tensors(&[("0.weight", &[0, 2])]),
            "with the shape [0, 2], expected at least one row and column.",
        ),
        (
            Use::Weights,
            "a.safetensors",
            typed(&[("0.weight", &[3, 2])], Dtype::BF16, &[0; 2]),
            "found the weight of layer \"0\" in BF16, expected F32 or F64.",
        ),
        (
            Use::Weights,
            "a.safetensors",
            typed(&[("0.weight", &[3, 2])], Dtype::F32, &f32::NAN.to_le_bytes()),
            "element 1, not finite, expected finite numbers.",
        ),
        (
            Use::Weights,
            "a.safetensors",
            {
                let entry = r#"{"version":1,"about":{"bell\u0007\n":0}}"#.to_owned();
                let metadata = HashMap::from([("fact".to_owned(), entry)]);
                let weight = TensorView::new(Dtype::F32, vec![1, 2], &[0; 8]).expect("fits");
                safetensors::serialize([("0.weight", weight)], Some(metadata)).expect("fits")
            },
            "cannot be read (unknown field `bell\\u{7}\\n`, expected one of",
        ),
        // Models.
        (Use::Model, "a.safetensors", half(&linear()), "found no whole safetensors file ("),
        (Use::Machine, "a.rfm", vec![], "found something else than a model."),
        (Use::Machine, "a.rfm", b"FACT-RFM\x02\x00\x00\x00".to_vec(), "version 2, expected 1."),
        (Use::Machine, "a.rfm", b"FACT-RFM\x01\x00\x00\x00".to_vec(), "is truncated"),
    ];
    let folder = tempfile::tempdir().expect("directory");
    for (how, name, bytes, message) in cases {
        let (code, out, err) = run(folder.path(), how, name, &bytes);
        assert!(err.contains(message), "found    {err}\nexpected {message}");
        assert!(err.starts_with("error: ") && err.contains(name), "{err}");
        assert_eq!((code, out.as_str()), (2, ""), "{message}");
    }
}

#[test]
fn what_is_only_unusual_is_read() {
    let folder = tempfile::tempdir().expect("directory");
    let fortran = npy_with(
        "{'descr': '>f4', 'fortran_order': True, 'shape': (3, 2), }\n",
        &[0_f32, 1.0, 0.5, 1.0, 0.0, 0.5].map(f32::to_be_bytes).concat(),
    );
    let image =
        [&[0, 0, 8, 3, 0, 0, 0, 3, 0, 0, 0, 1, 0, 0, 0, 2][..], &[0, 1, 1, 0, 2, 3]].concat();
    for (how, name, bytes) in [
        (Use::X, "a.npy", fortran),
        (Use::X, "a.idx", image.clone()),
        (Use::X, "a.gz", gzip(&image)),
        (Use::X, "a.csv", b"\xef\xbb\xbf\"a\";b\r\n0;1\r\n1; 0\r\n\r\n\"2\";3\r\n".to_vec()),
        (Use::Y, "a.npy", npy_with(&described("'<i8'", "(3,)"), &[0; 24])),
        (Use::Y, "a.gz", gzip(&LABELS)),
        (Use::Weights, "a.safetensors", tensors(&[("W0", &[3, 2]), ("b0", &[3])])),
        // Constant and repeated columns, and names that occur twice.
        (Use::Verify, "a.csv", b"a,a,b,y\n1,1,7,u\n2,2,7,v\n3,3,7,u\n".to_vec()),
    ] {
        let (code, out, err) = run(folder.path(), how, name, &bytes);
        assert!(code != 2 && err.is_empty() && !out.is_empty(), "{name}: {err}");
        assert!(!out.contains("NaN") && !out.contains("inf"), "{out}");
    }
}

#[test]
fn gaps_take_the_mean_of_their_column_on_request() {
    let folder = tempfile::tempdir().expect("directory");
    let json = |text: &str, rest: &[&str]| {
        let path = file(folder.path(), "a.csv", text);
        let args = ["verify", &path, "--json", "--evaluations", "20"];
        let output = fact(&[&args[..], rest].concat());
        let text = String::from_utf8(output.stdout).expect("UTF-8");
        assert!(!text.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
        text
    };
    let mean = &["--missing", "mean"][..];
    assert_eq!(
        json("a,b,y\n1,2,u\n,4,v\n3,6,u\n", mean),
        json("a,b,y\n1,2,u\n2,4,v\n3,6,u\n", &[])
    );
    let path = file(folder.path(), "a.csv", "a,b,y\n,2,u\n?,4,v\n");
    let (_, err) = words(&fact(&["verify", &path, "--missing", "mean"]));
    assert!(err.contains("column 1 \"a\": found nothing in every row, expected values"), "{err}");
}

/// A small whole file of each format, and whether reading these bytes succeeds.
type Reader = (&'static str, Vec<u8>, fn(&[u8]) -> bool);

fn readers() -> Vec<Reader> {
    let machine = {
        let folder = tempfile::tempdir().expect("directory");
        let path = folder.path().join("m.rfm").to_str().expect("UTF-8").to_owned();
        let data = file(folder.path(), "a.csv", "a,y\n1,0.5\n2,0.7\n3,0.1\n");
        assert!(fact(&["rfm", "fit", "--train", &data, "--model", &path]).status.success());
        std::fs::read(path).expect("written")
    };
    let deep = std::fs::read(fixture("pytorch/relu.safetensors")).expect("read");
    vec![
        ("npy", x(), |b| npy_file::parse("a".as_ref(), b).is_ok()),
        ("idx", LABELS.to_vec(), |b| idx::parse("a".as_ref(), b).is_ok()),
        ("idx.gz", gzip(&LABELS), |b| idx::parse("a".as_ref(), b).is_ok()),
        ("safetensors", deep, |b| network::parse("a".as_ref(), b).is_ok()),
        ("csv", b"a,b,y\n1,2,u\n3,4.5,v\n".to_vec(), |b| {
            parse("a".as_ref(), b, &Format::default()).is_ok()
        }),
        ("model", machine, |b| model::decode(b).is_ok()),
    ]
}

#[test]
fn truncated_files_are_refused_at_every_length() {
    for (name, whole, reads) in readers() {
        assert!(reads(&whole), "{name}");
        // Text has no end mark: a shorter table may be a table.
        for length in (0..whole.len()).filter(|_| name != "csv") {
            assert!(!reads(&whole[..length]), "{name} of {length} bytes");
        }
        for length in 0..whole.len() {
            reads(&whole[..length]);
        }
    }
}

#[test]
fn no_flipped_bit_brings_a_reader_down_and_checksums_see_each() {
    for (name, whole, reads) in readers() {
        for at in 0..whole.len() {
            for bit in 0..8 {
                let mut damaged = whole.clone();
                damaged[at] ^= 1 << bit;
                let read = reads(&damaged);
                assert!(!(read && name == "model"), "{name}: bit {bit} of byte {at}");
            }
        }
    }
}

#[test]
#[cfg(target_os = "linux")]
fn a_full_disk_is_an_error_with_a_name() {
    let full = || std::fs::OpenOptions::new().write(true).open("/dev/full").expect("there");
    let run = |args: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_fact"))
            .args(args)
            .stdout(Stdio::from(full()))
            .output()
            .expect("runs");
        (output.status.code(), words(&output).1)
    };
    let (code, err) = run(&["data", "list"]);
    assert_eq!(code, Some(2));
    assert!(err.starts_with("error: standard output: No space left on device"), "{err}");
    let deep = fixture("pytorch/deep.safetensors");
    for args in [
        &["data", "export", "iris", "--out", "/dev/full"][..],
        &["export", "--model", &deep, "--format", "safetensors", "--out", "/dev/full"],
    ] {
        let (code, err) = run(args);
        assert_eq!(code, Some(2));
        assert!(err.starts_with("error: /dev/full: cannot be written: No space left"), "{err}");
        let kind = std::fs::metadata("/dev/full").expect("still there").file_type();
        assert!(!kind.is_file(), "the device was replaced");
    }
}

#[test]
fn an_old_file_survives_whatever_stops_the_new_one() {
    let folder = tempfile::tempdir().expect("directory");
    let old = file(folder.path(), "model.safetensors", "old");
    let (_, err) = words(&fact(&["verify", "iris", "--activation", "swish", "--save", &old]));
    assert!(err.contains("swish"), "{err}");
    let diverged = ["verify", "iris", "--optimizer", "gd", "--rate", "1e9", "--save", &old];
    let output = fact(&diverged);
    assert_eq!(output.status.code(), Some(2));
    assert!(words(&output).1.contains("nothing is saved"), "{}", words(&output).1);
    assert_eq!(std::fs::read(&old).expect("read"), b"old");
    assert_eq!(std::fs::read_dir(folder.path()).expect("listed").count(), 1);
    let nowhere = folder.path().join("no/such/folder/m.safetensors");
    let output = fact(&["verify", "iris", "--save", nowhere.to_str().expect("UTF-8")]);
    assert_eq!((output.status.code(), output.stdout.len()), (Some(2), 0));
}
