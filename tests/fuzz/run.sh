#!/usr/bin/env bash
# Runs each fuzz target for some seconds, from its corpus: `run.sh [SECONDS [TARGET…]]`.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

seconds=${1:-60}
shift $(($# > 0))
targets=("$@")
if ((${#targets[@]} == 0)); then
    for file in targets/*.rs; do
        targets+=("$(basename "$file" .rs)")
    done
fi

command -v c++ >/dev/null || {
    echo "fuzz: \`c++\` is missing: libFuzzer is C++ (Debian: apt-get install g++)." >&2
    exit 1
}

locked=()
[[ ${CI:-} != true ]] || locked=(--locked)
# Only the crates of this workspace are instrumented, so that the others need not be built again.
CARGO_INCREMENTAL=0 RUSTC_WORKSPACE_WRAPPER=$PWD/instrument.sh \
    cargo build ${locked[@]+"${locked[@]}"} --package fact-fuzz --features targets --bins
built=$(cargo metadata --format-version 1 --no-deps | sed 's/.*"target_directory":"\([^"]*\)".*/\1/')

# fuzz TARGET
fuzz() {
    # New inputs and findings stay out of the repository, the seeds are only read.
    local target=$1 work=target/found/$1 log=target/found/$1.log
    mkdir -p "$work"
    "$built/debug/fuzz-$target" -max_total_time="$seconds" -rss_limit_mb=2048 -timeout=10 \
        -max_len=4096 -print_final_stats=1 -artifact_prefix="$work/" \
        "$work" "corpus/$target" >"$log" 2>&1 || {
        tail -n 40 "$log" >&2
        echo "fuzz: $target has a finding; the input is in tests/fuzz/$work" >&2
        return 1
    }
    # Blind fuzzing would find nothing and say so cheerfully.
    grep -q 'INFO: Loaded 1 modules' "$log" || {
        echo "fuzz: $target was built without coverage" >&2
        return 1
    }
    local runs coverage
    runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
    coverage=$(grep -oE 'cov: [0-9]+' "$log" | tail -n 1)
    printf -- '-- %s, %s s: %s inputs, %s\n' "$target" "$seconds" "$runs" "$coverage"
}

# Two at a time, one a core of a small machine; both finish, so that each finding is reported.
for ((at = 0; at < ${#targets[@]}; at += 2)); do
    running=()
    for target in "${targets[@]:at:2}"; do
        fuzz "$target" &
        running+=("$!")
    done
    failed=0
    for process in "${running[@]}"; do
        wait "$process" || failed=1
    done
    ((failed == 0)) || exit 1
done
