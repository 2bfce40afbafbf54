//! Bytes as delimited text: as features and targets in several ways, and as features alone.
#![no_main]

use fact_fuzz::{answered, whole};
use fact_host::data::{Dataset, Format, Header, Missing, Target, Task, parse, parse_array};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let path = "a.csv".as_ref();
    let target = |columns: &str| Some(columns.to_owned());
    let mean = Missing::Mean;
    for format in [
        Format::default(),
        Format { header: Header::Yes, missing: mean, ..Format::default() },
        Format {
            header: Header::No,
            task: Some(Task::Classify),
            missing: mean,
            ..Format::default()
        },
        Format { task: Some(Task::Regress), target: target("1"), ..Format::default() },
        Format { target: target("a,b"), missing: mean, ..Format::default() },
    ] {
        if let Some(data) = answered(parse(path, bytes, &format)) {
            agrees(&data);
        }
    }
    for header in [Header::Auto, Header::Yes, Header::No] {
        if let Some(array) = answered(parse_array(path, bytes, header, mean)) {
            whole(&array);
        }
    }
});

/// Asserts what is promised of a data set.
fn agrees(data: &Dataset) {
    assert!(data.n > 0 && data.d > 0);
    assert_eq!((data.features.len(), data.x.len()), (data.d, data.n * data.d));
    assert!(data.x.iter().chain(&data.targets()).all(|v| v.is_finite()));
    assert_eq!(data.targets().len(), data.n * data.outputs());
    if let Target::Classes { labels, index } = &data.target {
        assert!(labels.len() > 1 && index.iter().all(|&class| class < labels.len()));
    }
    let mut scaled = data.clone();
    // A column whose spread has no reciprocal is refused.
    answered(scaled.standardize_features());
    answered(scaled.standardize_target());
    assert_eq!((scaled.x.len(), scaled.targets().len()), (data.x.len(), data.targets().len()));
    assert!(scaled.x.iter().chain(&scaled.targets()).all(|v| v.is_finite()));
}
