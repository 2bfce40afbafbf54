//! What networks stand on: random numbers, fingerprints, standardisation, initial weights, schedules,
//! the history, and the approximate numbers.

use fact_core::approx::Approx;
use fact_core::fingerprint::Fingerprint;
use fact_core::mat::{MatMut, MatRef};
use fact_core::nn::history::History;
use fact_core::nn::init::{self, Init};
use fact_core::nn::schedule::Schedule;
use fact_core::nn::{Activation, Architecture, Bias, Mlp, Widths};
use fact_core::rng::{Permutation, Rng};
use fact_core::scalar::Scalar;
use fact_core::standardize;
use fact_tests::near::{assert_near, exact, largest};
use fact_tests::network::Network;
use fact_tests::{tolerance, workload};
use proptest::prelude::*;

// ---- random numbers ------------------------------------------------------------------------------

/// SplitMix64 of the seed, as Vigna wrote it down.
fn split_mix(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// xoshiro128++ as Blackman and Vigna wrote it down.
fn xoshiro(s: &mut [u32; 4]) -> u32 {
    let result = s[0].wrapping_add(s[3]).rotate_left(7).wrapping_add(s[0]);
    let t = s[1] << 9;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = s[3].rotate_left(11);
    result
}

#[test]
fn the_generator_is_the_published_one() {
    // The test vectors of the authors' code: SplitMix64 from 0, xoshiro128++ from 1, 2, 3, 4.
    assert_eq!(split_mix(&mut 0), 0xe220_a839_7b1d_cdaf);
    let mut state = [1, 2, 3, 4];
    let published = [641, 1_573_767, 3_222_811_527, 3_517_856_514, 836_907_274];
    assert_eq!([(); 5].map(|()| xoshiro(&mut state)), published);

    for seed in [0, 1, 42, u64::MAX, 0x0123_4567_89ab_cdef] {
        let mut mixed = seed;
        let (a, b) = (split_mix(&mut mixed), split_mix(&mut mixed));
        let mut state = [a as u32, (a >> 32) as u32, b as u32, (b >> 32) as u32];
        let mut rng = Rng::new(seed);
        for _ in 0..100 {
            assert_eq!(rng.next_u32(), xoshiro(&mut state), "seed {seed}");
        }
        let pair = (u64::from(xoshiro(&mut state)), u64::from(xoshiro(&mut state)));
        assert_eq!(rng.next_u64(), (pair.0 << 32) | pair.1, "seed {seed}");
    }
}

#[test]
fn draws_are_fixed_forever() {
    let mut rng = Rng::new(2026);
    let drawn = (rng.next_u32(), rng.next_u64(), rng.uniform().to_bits());
    let normal = rng.normal::<f64>().to_bits();
    assert_eq!((drawn, normal), GOLDEN_DRAWS);
    let order = Permutation::new(10, 2026);
    assert_eq!([0, 1, 2, 3, 4, 5, 6, 7, 8, 9].map(|i| order.index(i)), GOLDEN_ORDER);
}

const GOLDEN_DRAWS: ((u32, u64, u64), u64) = (
    (3_122_945_320, 12_425_495_565_355_358_989, 4_602_265_798_134_704_680),
    4_600_211_850_771_003_957,
);
const GOLDEN_ORDER: [usize; 10] = [4, 5, 8, 1, 2, 0, 9, 7, 3, 6];

/// Mean, variance and fourth central moment.
fn moments(draws: &[f64]) -> [f64; 3] {
    let n = draws.len() as f64;
    let mean = draws.iter().sum::<f64>() / n;
    let central = |p: i32| draws.iter().map(|x| (x - mean).powi(p)).sum::<f64>() / n;
    [mean, central(2), central(4)]
}

#[test]
fn draws_have_the_moments_of_their_distribution() {
    const N: usize = 40_000;
    for seed in [1, 2] {
        let mut rng = Rng::new(seed);
        let normal: Vec<f64> = (0..N).map(|_| rng.normal()).collect();
        // Standard deviations of the three estimates, times √n: 1, √2, √96.
        for (found, (expected, deviation)) in
            moments(&normal).into_iter().zip([(0.0, 1.0), (1.0, 1.42), (3.0, 9.8)])
        {
            let tolerance = tolerance::SIGMAS / (N as f64).sqrt();
            assert_near("normal", &[found], &[expected], deviation, tolerance);
        }
        let uniform: Vec<f64> = (0..N).map(|_| rng.uniform()).collect();
        assert!(uniform.iter().all(|x| (0.0..1.0).contains(x)));
        for (found, (expected, deviation)) in
            moments(&uniform).into_iter().zip([(0.5, 0.29), (1.0 / 12.0, 0.075), (0.0125, 0.017)])
        {
            let tolerance = tolerance::SIGMAS / (N as f64).sqrt();
            assert_near("uniform", &[found], &[expected], deviation, tolerance);
        }
        // Neighbours do not depend on one another.
        let product = normal.windows(2).map(|pair| pair[0] * pair[1]).sum::<f64>() / N as f64;
        assert!(product.abs() < tolerance::SIGMAS / (N as f64).sqrt());
    }
}

proptest! {
    #![proptest_config(workload::cases(128))]

    #[test]
    fn a_permutation_leaves_nothing_out(n in 0_usize..400, seed: u64) {
        let order = Permutation::new(n, seed);
        let mut seen = vec![false; n];
        for i in 0..n {
            let to = order.index(i);
            prop_assert!(to < n && !seen[to], "{to} for {i}");
            seen[to] = true;
        }
        for outside in [n, n + 1, usize::MAX] {
            prop_assert_eq!(order.index(outside), outside);
        }
    }

    #[test]
    fn another_seed_gives_another_order(n in 20_usize..400, seed: u64) {
        let (one, two) = (Permutation::new(n, seed), Permutation::new(n, seed ^ 1));
        prop_assert!((0..n).any(|i| one.index(i) != two.index(i)));
        prop_assert!((0..n).any(|i| one.index(i) != i));
    }
}

#[test]
fn every_position_leads_everywhere() {
    // χ² of 8 × 8 counts of eighths over many seeds: 49 degrees of freedom, deviation √98.
    const SEEDS: u64 = 2000;
    let mut counts = [[0_u32; 8]; 8];
    for seed in 0..SEEDS {
        let order = Permutation::new(200, seed);
        for (i, row) in counts.iter_mut().enumerate() {
            row[order.index(25 * i) / 25] += 1;
        }
    }
    let expected = SEEDS as f64 / 8.0;
    let cell = |&count: &u32| (f64::from(count) - expected).powi(2) / expected;
    let chi: f64 = counts.iter().flatten().map(cell).sum();
    assert!(chi < 49.0 + tolerance::SIGMAS * 98_f64.sqrt(), "χ² = {chi}");
}

// ---- fingerprints --------------------------------------------------------------------------------

#[test]
fn fingerprints_have_the_published_values() {
    // Fowler, Noll and Vo's own test suite.
    for (text, expected) in [
        ("", 0xcbf2_9ce4_8422_2325),
        ("a", 0xaf63_dc4c_8601_ec8c),
        ("foobar", 0x8594_4171_f739_67e8),
    ] {
        let mut hash = Fingerprint::new();
        hash.bytes(text.as_bytes());
        assert_eq!(hash.value(), expected, "{text:?}");
    }
}

proptest! {
    #![proptest_config(workload::cases(64))]

    #[test]
    fn numbers_count_by_their_little_endian_bytes(
        wide: Vec<f64>,
        narrow: Vec<f32>,
        cut: prop::sample::Index,
    ) {
        let (mut found, mut expected) = (Fingerprint::new(), Fingerprint::new());
        let cut = cut.index(wide.len() + 1);
        found.numbers(&wide[..cut]);
        found.numbers(&wide[cut..]);
        found.numbers(&narrow);
        let approximate: Vec<_> = narrow.iter().map(|&x| Approx(x)).collect();
        found.numbers(&approximate);
        wide.iter().for_each(|x| expected.bytes(&x.to_bits().to_le_bytes()));
        narrow.iter().for_each(|x| expected.bytes(&x.to_bits().to_le_bytes()));
        narrow.iter().for_each(|x| expected.bytes(&x.to_bits().to_le_bytes()));
        prop_assert_eq!(found, expected);
    }
}

// ---- standardisation -----------------------------------------------------------------------------

/// Standardises `x: n×d`, given by rows.
fn standardized<T: Scalar>(x: &[T], n: usize, d: usize) -> (Vec<T>, Vec<T>, Vec<T>) {
    let (mut x, nan) = (x.to_vec(), T::from_f64(f64::NAN));
    let (mut mean, mut scale) = (vec![nan; d], vec![nan; d]);
    standardize::fit(MatRef::new(&x, n, d).unwrap(), &mut mean, &mut scale).unwrap();
    standardize::apply(&mean, &scale, MatMut::new(&mut x, n, d).unwrap()).unwrap();
    (x, mean, scale)
}

proptest! {
    #![proptest_config(workload::cases(128))]

    #[test]
    fn columns_get_mean_0_and_deviation_1(n in 0_usize..40, d in 0_usize..5, seed: u64) {
        let mut rng = Rng::new(seed);
        let shift = 10.0 * rng.uniform();
        let x: Vec<f64> = (0..n * d).map(|_| shift + rng.normal::<f64>()).collect();
        let (found, mean, scale) = standardized(&x, n, d);
        for j in 0..d {
            let column: Vec<_> = (0..n).map(|i| found[i * d + j]).collect();
            let first = x.get(j);
            if (0..n).all(|i| x.get(i * d + j) == first) {
                prop_assert!(column.iter().all(|&x| x == 0.0) && scale[j] == 0.0);
                prop_assert!(mean[j].is_finite());
                continue;
            }
            let [m, v, _] = moments(&column);
            // A shift of 10 deviations costs one digit, a small sample of nearly equal draws more.
            let slack = scale[j].max(1.0);
            assert_near("mean and variance", &[m, v], &[0.0, 1.0], slack, tolerance::GOLDEN_F64);
        }
        // Units and origin do not matter.
        let moved: Vec<_> = x.iter().map(|x| 4.0 * x - 3.0).collect();
        let (again, _, scales) = standardized(&moved, n, d);
        let slack = scale.iter().fold(1.0_f64, |top, &s| top.max(s)).powi(2);
        assert_near("moved", &again, &found, slack, tolerance::GOLDEN_F64);
        let quarters: Vec<_> = scale.iter().map(|s| s / 4.0).collect();
        assert_near("scale", &scales, &quarters, slack, tolerance::GOLDEN_F64);
    }

    #[test]
    fn a_constant_column_becomes_0_however_long(n in 1_usize..3000, value in -100.0..100.0_f64) {
        prop_assert_eq!(standardized(&vec![value; n], n, 1).0, vec![0.0; n]);
        prop_assert_eq!(standardized(&vec![value as f32; n], n, 1).0, vec![0.0; n]);
    }
}

// ---- initial weights -----------------------------------------------------------------------------

/// The first layer's weights, 100 inputs and 60 outputs, of a network with biases.
fn initial(init: Init, seed: u64) -> Vec<f64> {
    let net = Architecture {
        widths: &[100, 60, 3],
        hidden: Activation::Tanh,
        output: Activation::Identity,
        bias: Bias::Free,
    };
    let mut theta = vec![f64::NAN; net.params()];
    init::fill(&net, init, seed, &mut theta).unwrap();
    let layers: Vec<_> = net.layers(&theta).unwrap().collect();
    assert!(layers.iter().all(|layer| layer.bias.iter().all(|&b| b == 0.0)));
    assert!(theta.iter().all(|w| w.is_finite()));

    let mut narrow = vec![f32::NAN; net.params()];
    let net = Architecture::<f32> {
        widths: net.widths,
        hidden: Activation::Tanh,
        output: Activation::Identity,
        bias: Bias::Free,
    };
    init::fill(&net, init, seed, &mut narrow).unwrap();
    assert!(theta.iter().zip(&narrow).all(|(&wide, &narrow)| wide as f32 == narrow));
    layers[0].weight.data().to_vec()
}

#[test]
fn initial_weights_have_their_variance() {
    for (init, variance, kurtosis) in [
        (Init::Normal { gain: 1.0 }, 0.01, 3.0),
        (Init::Normal { gain: 2.0 }, 0.02, 3.0),
        (Init::Uniform { gain: 1.0 }, 0.01, 1.8),
        (Init::Glorot, 2.0 / 160.0, 3.0),
    ] {
        let drawn = initial(init, 3);
        let [mean, found, fourth] = moments(&drawn);
        let root = (drawn.len() as f64).sqrt();
        let what = format!("{init:?}");
        let sigmas = tolerance::SIGMAS / root;
        assert_near(&what, &[mean], &[0.0], variance.sqrt(), sigmas);
        assert_near(&what, &[found], &[variance], 1.42 * variance, sigmas);
        assert_near(&what, &[fourth / (found * found)], &[kurtosis], 9.8, sigmas);
        assert_eq!(initial(init, 3), drawn);
        assert_ne!(initial(init, 4), drawn);
    }
    let bound = (3.0_f64 * 2.0 / 100.0).sqrt();
    assert!(initial(Init::Uniform { gain: 2.0 }, 1).iter().all(|w| w.abs() <= bound));
}

// ---- networks of constant size -------------------------------------------------------------------

#[test]
fn sizes_agree_at_compile_time_and_run_time() {
    const WIDTHS: Widths<4> = Widths([5, 4, 3, 2]);
    for bias in [Bias::None, Bias::Free, Bias::Decayed] {
        let net = Architecture {
            widths: &WIDTHS.0,
            hidden: Activation::<f32>::Tanh,
            output: Activation::Identity,
            bias,
        };
        let weights = 5 * 4 + 4 * 3 + 3 * 2;
        let biases = if bias == Bias::None { 0 } else { 4 + 3 + 2 };
        assert_eq!((net.params(), WIDTHS.params(bias)), (weights + biases, weights + biases));
    }
    assert_eq!(WIDTHS.trace_len(7), 2 * 7 * (4 + 3 + 2));
    type Net = Mlp<f64, 4, { WIDTHS.params(Bias::None) }>;
    let mut net = Net::zeros(WIDTHS, Activation::Gelu, Activation::Tanh, Bias::None);
    let (architecture, theta) = net.parts_mut();
    assert!(theta.iter().all(|&w| w == 0.0) && architecture.params() == theta.len());
    theta[7] = 1.5;
    let (architecture, theta) = net.parts_mut();
    assert_eq!((theta[7], architecture.hidden), (1.5, Activation::Gelu));
    assert_eq!(architecture.output, Activation::Tanh);
}

proptest! {
    #![proptest_config(workload::cases(64))]

    #[test]
    fn layers_are_the_same_from_either_end(problem in workload::problem()) {
        let network = Network::<f64>::new(&problem);
        let forwards: Vec<_> = network.architecture().layers(&network.theta).unwrap().collect();
        let mut backwards: Vec<_> =
            network.architecture().layers(&network.theta).unwrap().rev().collect();
        backwards.reverse();
        prop_assert_eq!(&forwards, &backwards);
        for (found, expected) in forwards.iter().zip(problem.layers()) {
            prop_assert_eq!(found.weight.data(), expected.w.data);
            prop_assert_eq!(found.weight.shape(), (expected.w.nrows, expected.w.ncols));
            prop_assert_eq!(found.bias, expected.b);
        }
    }
}

// ---- schedules and history -----------------------------------------------------------------------

proptest! {
    #![proptest_config(workload::cases(128))]

    #[test]
    fn schedules_do_what_they_say(rate in 0.01..10.0_f64, at in 0_u32..500, length in 1_u32..300) {
        prop_assert_eq!(Schedule::Constant.rate(rate, at), rate);

        let step = Schedule::Step { every: length, factor: 0.5 };
        prop_assert_eq!(step.rate(rate, at), rate * 0.5_f64.powi((at / length) as i32));

        let inverse = Schedule::Inverse { half: length };
        let expected = rate * f64::from(length) / f64::from(length + at);
        let exact = tolerance::GOLDEN_F64;
        assert_near("inverse", &[inverse.rate(rate, at)], &[expected], rate, exact);

        let cosine = Schedule::Cosine { total: length };
        prop_assert_eq!(cosine.rate(rate, 0), rate);
        prop_assert_eq!(cosine.rate(rate, length + at), 0.0);
        prop_assert!(cosine.rate(rate, at + 1) <= cosine.rate(rate, at));
        let middle = cosine.rate(rate, length) + cosine.rate(rate, 0);
        let mirrored = cosine.rate(rate, at.min(length)) + cosine.rate(rate, length - at.min(length));
        assert_near("cosine", &[mirrored], &[middle], rate, exact);

        let warm = Schedule::WarmUp { updates: length };
        let expected = rate * (f64::from(at + 1) / f64::from(length)).min(1.0);
        assert_near("warm-up", &[warm.rate(rate, at)], &[expected], rate, exact);
        prop_assert_eq!(warm.rate(rate, length - 1 + at), rate);
    }

    #[test]
    fn history_keeps_evenly_spread_records(offers in 0_u32..300) {
        fn check<const N: usize>(offers: u32) {
            let mut history = History::<u32, N>::new();
            (0..offers).for_each(|t| history.offer(t));
            let stride = history.stride();
            let expected: Vec<_> = (0..offers).step_by(stride as usize).collect();
            assert_eq!(history.records(), expected, "N = {N}");
            assert!(history.records().len() <= N && stride.is_power_of_two());
            // Never thinned out further than needed.
            let half = (0..offers).step_by((stride / 2).max(1) as usize).count();
            assert!(stride == 1 || half > N, "N = {N}, stride {stride}");
        }
        check::<1>(offers);
        check::<2>(offers);
        check::<3>(offers);
        check::<7>(offers);
        check::<64>(offers);
    }
}

#[test]
fn schedules_of_no_length_are_over_at_once() {
    for t in [0, 1, u32::MAX] {
        assert_eq!(Schedule::Cosine { total: 0 }.rate(1.0_f64, t), 0.0);
        assert_eq!(Schedule::WarmUp { updates: 0 }.rate(1.0_f64, t), 1.0);
        assert!(Schedule::Inverse { half: 0 }.rate(1.0_f64, t).is_finite());
    }
    assert_eq!(Schedule::Step { every: 0, factor: 0.5 }.rate(1.0_f64, 2), 0.25);
}

#[test]
fn a_history_of_nothing_keeps_nothing() {
    let mut history = History::<u32, 0>::default();
    (0..1000).for_each(|t| history.offer(t));
    assert!(history.records().is_empty());
}

// ---- approximate numbers -------------------------------------------------------------------------

#[test]
fn approximations_are_near_the_functions() {
    type Pair = (&'static str, fn(Approx) -> Approx, fn(f64) -> f64, f64);
    let functions: [Pair; 7] = [
        ("sqrt", Scalar::sqrt, f64::sqrt, 0.0),
        ("exp", Scalar::exp, f64::exp, -80.0),
        ("ln", Scalar::ln, f64::ln, 1e-3),
        ("ln_1p", Scalar::ln_1p, f64::ln_1p, -0.9),
        ("tanh", Scalar::tanh, f64::tanh, -20.0),
        ("erf", Scalar::erf, fact_tests::oracle::erf, -6.0),
        ("square", |x| x.powf(Approx(2.0)), |x| x * x, 0.0),
    ];
    for (name, found, expected, from) in functions {
        for i in 0..=1000 {
            let x = (from + f64::from(i) * 0.04) as f32;
            let expected = expected(f64::from(x));
            let scale =
                if name == "exp" || name == "square" { expected } else { expected.abs().max(1.0) };
            let found = found(Approx(x)).to_f64();
            assert_near(&format!("{name} {x}"), &[found], &[expected], scale, tolerance::APPROX);
        }
    }
    assert_eq!((Approx(0.0).sqrt(), Approx(0.0).exp()), (Approx(0.0), Approx(1.0)));
    assert_eq!((Approx(1e4).exp(), Approx(-1e4).exp()), (Approx(f32::INFINITY), Approx(0.0)));
}

#[test]
fn approximations_keep_a_nan() {
    let nan = Approx(f32::NAN);
    for (name, value) in [
        ("sqrt", nan.sqrt()),
        ("exp", nan.exp()),
        ("ln", nan.ln()),
        ("ln_1p", nan.ln_1p()),
        ("tanh", nan.tanh()),
        ("powf", nan.powf(Approx(0.5))),
        ("erf", nan.erf()),
        ("sqrt of −1", Approx(-1.0).sqrt()),
        ("ln of −1", Approx(-1.0).ln()),
    ] {
        assert!(!value.is_finite(), "{name} makes {value} of a NaN");
    }
}

proptest! {
    #![proptest_config(workload::cases(64))]

    #[test]
    fn networks_run_on_approximate_numbers(problem in workload::problem_off_kinks()) {
        let (rough, fine) = (Network::<Approx>::new(&problem), Network::<f32>::new(&problem));
        let near = |what: &str, found: &[Approx], expected: &[f32]| {
            let scale = largest(&exact(expected)).max(1.0);
            let what = format!("{what} of {}", problem.name);
            // Errors add up over the layers, and quadratic ones double them.
            let tolerance = tolerance::APPROX * 4.0;
            assert_near(&what, &exact(found), &exact(expected), scale, tolerance);
        };
        near("f", &rough.outputs(), &fine.outputs());
        near("gradient", &rough.gradient(2).1, &fine.gradient(2).1);
        let terms = fine.samples.max(1);
        for layer in 0..fine.depth() {
            near("AGOP", &rough.agop(layer, terms), &fine.agop(layer, terms));
        }
    }
}
