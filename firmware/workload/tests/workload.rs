//! Text without `core::fmt` against `std`'s, and iris in flash against the file.

use fact_workload::text::{fixed, hex, scientific, whole};
use fact_workload::{bits, iris};

#[test]
fn numbers_read_as_std_writes_them() {
    for number in [0, 1, 9, 10, 1_234_567, u64::MAX] {
        assert_eq!(whole(number), number.to_string().as_str());
        assert_eq!(hex(number), format!("{number:016x}").as_str());
    }
    // None of these is half-way between two decimals, where `std` rounds to even.
    for number in [0.0, 0.049, 0.999_999_6, 1.0, 12.3456, 99.96, -0.001, -2.71] {
        for decimals in [1, 2, 6] {
            let expected = format!("{number:.decimals$}");
            let expected = if expected.trim_start_matches(['-', '0', '.']).is_empty() {
                expected.trim_start_matches('-')
            } else {
                &expected
            };
            assert_eq!(fixed(number, decimals), expected, "{number}, {decimals}");
        }
    }
    for number in [1.0, 9.96, 2.64e-7, 9.99e-5, 3.51e12, 1.19e-38] {
        assert_eq!(scientific(number), format!("{number:.1e}").as_str(), "{number}");
    }
}

#[test]
fn what_is_not_finite_ends_too() {
    for number in [f64::NAN, f64::INFINITY, 0.0] {
        assert!(!scientific(number).is_empty());
        assert!(!fixed(number, 3).is_empty());
    }
}

#[test]
fn iris_is_the_file() {
    let csv = include_str!("../../../fixtures/small/iris.csv");
    let mut x = [0.0_f64; iris::SAMPLES * iris::FEATURES];
    iris::features(&mut x);
    let mut species = vec![];
    let rows = x.chunks(iris::FEATURES).zip(iris::TARGETS.chunks(iris::CLASSES));
    assert_eq!(csv.lines().skip(1).count(), iris::SAMPLES);
    for (index, (line, (x, targets))) in csv.lines().skip(1).zip(rows).enumerate() {
        let mut fields = line.split(',');
        for x in x {
            assert_eq!(Some(Ok(*x)), fields.next().map(str::parse), "line {index}");
        }
        let name = fields.next();
        if species.last() != Some(&name) {
            species.push(name);
        }
        let class = species.len() - 1;
        assert!(targets.iter().enumerate().all(|(k, &y)| (y == 1.0) == (k == class)), "{index}");
    }
    assert_eq!(species, [Some("setosa"), Some("versicolor"), Some("virginica")]);
}

#[test]
fn every_part_comes_to_a_hash_of_its_own() {
    let mut text = String::new();
    bits::run(&mut |part| text.push_str(part));
    let hashes: Vec<_> = text.lines().filter_map(|line| line.split(' ').nth(2)).collect();
    assert_eq!(hashes.len(), text.lines().count(), "{text}");
    assert!(hashes.iter().all(|hash| u64::from_str_radix(hash, 16).is_ok()), "{text}");
    // Products hold no root and no exponential: `Approx` computes them as `f32` does.
    let mut distinct = hashes.clone();
    distinct.sort_unstable();
    distinct.dedup();
    assert_eq!(distinct.len(), hashes.len() - 1, "{text}");
}
