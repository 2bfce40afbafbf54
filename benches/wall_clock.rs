//! Times every public kernel of the core, on one thread and with baseline vectors.
//! `cargo bench -p fact-benches --bench wall_clock -- gemm` times those whose names contain `gemm`.
//!
//! Criterion's `Gelem/s` of floating-point operations reads as GFLOP/s.

use criterion::{BenchmarkId, Criterion, Throughput};
use fact_benches::Work;
use std::time::Duration;

fn main() {
    // Some two hundred benchmarks: a tenth of criterion's times each, or nobody would run them all.
    let mut criterion = Criterion::default()
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_millis(1000))
        .sample_size(20)
        .configure_from_args();
    for mut task in fact_benches::all() {
        let mut group = criterion.benchmark_group(task.operation.clone());
        if let Some(work) = task.work {
            group.throughput(match work {
                Work::Flops(count) | Work::Numbers(count) => Throughput::Elements(count),
                Work::Bytes(count) => Throughput::Bytes(count),
            });
        }
        let id = BenchmarkId::new(task.precision, &task.shape);
        group.bench_function(id, |bencher| bencher.iter(|| task.call()));
        group.finish();
    }
    criterion.final_summary();
}
