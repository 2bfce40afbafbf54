//! Counts instructions under Valgrind, one run a count: `cargo bench -p fact-benches --bench
//! instructions`. What a function's argument makes, and dropping what it returns, is not counted.
//!
//! `fact bench` reads these names: a function is named by its number of calls, and an id is
//! `operation__shape`, with underscores for hyphens.

// Written by gungraun's macros.
#![allow(missing_docs, non_snake_case)]

use fact_benches::{Task, counted};
use fact_core::kernel::Update;
use gungraun::{
    Callgrind, LibraryBenchmarkConfig, library_benchmark, library_benchmark_group, main,
};

/// Names of features as glibc has had them over the years; those it does not know it passes over.
const TUNABLES: &str = "glibc.cpu.hwcaps=-AVX2,-AVX2_Usable,-AVX512VL,-AVX512VL_Usable,-AVX512F,\
     -AVX512F_Usable,-AVX_Fast_Unaligned_Load,-ERMS,-FSRM,-Prefer_No_VZEROUPPER";

/// Makes a number of calls.
#[inline(always)]
fn call(mut task: Task, calls: u32) -> Task {
    (0..calls).for_each(|_| task.call());
    task
}

#[library_benchmark]
#[bench::certificate__16x4(counted::certificate())]
#[bench::gemm__16(counted::gemm::<16>())]
#[bench::gemm__32(counted::gemm::<32>())]
#[bench::gemm__64(counted::gemm::<64>())]
#[bench::gemm_any__16(counted::gemm_any::<16>())]
#[bench::gemm_any__32(counted::gemm_any::<32>())]
#[bench::gemm_any__64(counted::gemm_any::<64>())]
#[bench::cholesky_solve__16(counted::cholesky_solve::<16>())]
#[bench::cholesky_solve__32(counted::cholesky_solve::<32>())]
#[bench::cholesky_solve__64(counted::cholesky_solve::<64>())]
#[bench::gemv__32x64(counted::gemv())]
#[bench::rfm_fact__64_8_1(counted::kernel_round("rfm-fact", Update::Fact))]
#[bench::rfm_nfa__64_8_1(counted::kernel_round("rfm-nfa", Update::Nfa { power: 0.5 }))]
fn calls_1(task: Task) -> Task {
    call(task, 1)
}

#[library_benchmark]
#[bench::sgd_step__2_3_1(counted::sgd_2_3_1())]
#[bench::sgd_step__4_16_3(counted::sgd_4_16_3())]
#[bench::sgd_step__64_32_10(counted::sgd_64_32_10())]
#[bench::inference__64_32_10(counted::inference())]
#[bench::adam_step__64_32_10(counted::adam())]
#[bench::batch_32_sample__64_32_10(counted::batch())]
#[bench::lbfgs_step__4_16_3(counted::lbfgs())]
#[bench::f32_nothing__1(counted::nothing())]
#[bench::f32_exp__1(counted::exp())]
#[bench::f32_tanh__1(counted::tanh())]
fn calls_64(task: Task) -> Task {
    call(task, 64)
}

library_benchmark_group!(name = counts, benchmarks = [calls_1, calls_64]);

main!(
    config = LibraryBenchmarkConfig::default()
        // The C library chooses among several `memset`s by processor; this leaves it one.
        .env("GLIBC_TUNABLES", TUNABLES)
        .tool(Callgrind::with_args(["--cache-sim=no"])),
    library_benchmark_groups = counts
);
