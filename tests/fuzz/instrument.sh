#!/usr/bin/env bash
# rustc, as run.sh has cargo call it: stable Rust does without cargo-fuzz, whose flags these are but for
# the sanitizer.
exec "$@" \
    --cfg fuzzing \
    -C passes=sancov-module \
    -C llvm-args=-sanitizer-coverage-level=4 \
    -C llvm-args=-sanitizer-coverage-inline-8bit-counters \
    -C llvm-args=-sanitizer-coverage-pc-table \
    -C llvm-args=-sanitizer-coverage-trace-compares \
    -C codegen-units=1 \
    -C opt-level=1 \
    -C debug-assertions=on \
    -C overflow-checks=on \
    -C debuginfo=line-tables-only
