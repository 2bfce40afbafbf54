#!/usr/bin/env bash
# Everything that has to pass, in one command. `./ci.sh help` lists the steps.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
exec </dev/null

readonly TARGETS=(
    thumbv6m-none-eabi
    thumbv7em-none-eabihf
    riscv32imc-unknown-none-elf
    wasm32-unknown-unknown
)
readonly COMPONENTS=(rustfmt clippy)
# What may be linked into firmware. A new name here is a decision: read that crate first.
readonly CORE_CRATES=(fact-core fact-fpu libm heapless hash32 byteorder stable_deref_trait micromath)
readonly ALL_STEPS=(install fmt clippy test release doc targets bench fuzz verify rfm readme
    reproduce firmware)
readonly MORE_STEPS=(update-readme update-bench record-bench)

# In CI the lock file decides; at a desk cargo may add what a new dependency needs.
cargo_flags=()
if [[ ${CI:-} == true ]]; then
    cargo_flags+=(--locked)
    export CARGO_TERM_PROGRESS_WHEN=never
fi

usage() {
    cat <<'END'
usage: ./ci.sh [STEP…]      no step: all of them, in this order

  install       add the rustup targets and components that are missing
  fmt           formatting is as rustfmt.toml says
  clippy        no warning in any target of the workspace
  test          all tests and doctests, debug build
  release       tests and doctests of the kernel and the flash store, release build
  doc           the documentation builds without a warning
  targets       core builds for bare metal and wasm, and depends on nothing that allocates
  bench         the benchmarks compile; instructions on the host are within 2 % of the record
  fuzz          each fuzz target runs FUZZ_SECONDS (60) without a finding
  verify        the command `fact verify` on the built-in datasets: exit codes
  rfm           the command `fact rfm` reaches the promised accuracies, in the promised rounds
  readme        fresh runs reach the promised numbers and give the README's transcript and table
  reproduce     the quick scale of every claim of the paper: its numbers are in their bands
  firmware      images for six boards, run under emulation and checked (firmware/ci.sh; parts of it
                by name: ./ci.sh firmware counts)

Not part of the default:
  update-readme write transcript and tables anew
  update-bench  record instructions on the host anew
  record-bench  on an idle machine: record wall clock and curves too, and write tables of all records
  help          this text
END
}

fail() {
    printf 'ci.sh: %s\n' "$*" >&2
    exit 1
}

# need TOOL INSTRUCTIONS
need() {
    command -v "$1" >/dev/null || fail "\`$1\` is missing. $2"
}

need_cargo() {
    need cargo "Install rustup from https://rustup.rs and open a new shell."
}

cargo_run() {
    local command=$1
    shift
    cargo "$command" ${cargo_flags[@]+"${cargo_flags[@]}"} "$@"
}

# All programs of the host at once: `cargo run` of one alone would compile the library a second time,
# because what the examples depend on turns on features of crates that the library shares.
build_host() {
    need_cargo
    cargo_run build --package fact-host --release --bins --examples
    local target
    target=$(cargo_run metadata --format-version 1 --no-deps)
    RELEASE=$(sed -n 's/.*"target_directory":"\([^"]*\)".*/\1/p' <<<"$target")/release
}

step_install() {
    need rustup "Install it from https://rustup.rs and open a new shell."
    if ! command -v cc >/dev/null || ! command -v c++ >/dev/null; then
        if [[ $(id -u) == 0 ]] && command -v apt-get >/dev/null; then
            apt-get update -q && apt-get install -y -q --no-install-recommends gcc g++ libc6-dev
        fi
        need cc "Install a C compiler: rustc links with it (Debian: apt-get install gcc libc6-dev)."
        need c++ "Install a C++ compiler: libFuzzer is C++ (Debian: apt-get install g++)."
    fi

    # Most rustups install the toolchain of rust-toolchain.toml at first use; 1.28.0 has to be told.
    rustc --version >/dev/null || rustup toolchain install
    local host installed
    host=$(rustc -vV | sed -n 's/^host: //p')
    local missing=()

    installed=$(rustup component list --installed)
    for component in "${COMPONENTS[@]}"; do
        grep -qxE "$component(-$host)?" <<<"$installed" || missing+=("$component")
    done
    if ((${#missing[@]})); then
        rustup component add "${missing[@]}"
    fi

    missing=()
    installed=$(rustup target list --installed)
    for target in "${TARGETS[@]}"; do
        grep -qx "$target" <<<"$installed" || missing+=("$target")
    done
    if ((${#missing[@]})); then
        rustup target add "${missing[@]}"
    fi
    rustc --version
}

step_fmt() {
    need_cargo
    cargo fmt --version >/dev/null || fail "rustfmt is missing. Run ./ci.sh install"
    cargo fmt --all --check
}

step_clippy() {
    need_cargo
    cargo clippy --version >/dev/null || fail "clippy is missing. Run ./ci.sh install"
    cargo_run clippy --workspace --all-targets -- -D warnings
    cargo_run clippy --package fact-fuzz --features targets --bins -- -D warnings
}

step_test() {
    need_cargo
    cargo_run test --workspace
}

step_release() {
    need_cargo
    # The kernel and its laws: no optimisation may change a bit. The host's release build is what the
    # steps verify, rfm and readme run.
    cargo_run test --release --package fact-core --package fact-fpu --package fact-store \
        --package fact-tests
}

step_doc() {
    need_cargo
    RUSTDOCFLAGS="${RUSTDOCFLAGS:-} -D warnings" cargo_run doc --workspace --no-deps
}

step_targets() {
    need_cargo
    local sysroot
    sysroot=$(rustc --print sysroot)
    for target in "${TARGETS[@]}"; do
        [[ -d $sysroot/lib/rustlib/$target ]] ||
            fail "the target $target is missing. Run ./ci.sh install"
    done
    for target in "${TARGETS[@]}"; do
        printf -- '-- %s\n' "$target"
        cargo_run build --package fact-core --package fact-store --release --target "$target"
        core_is_lean "$target"
    done
    if grep -rnE 'extern +crate +(alloc|std)\b' core/src firmware/store/src; then
        fail "core and the flash store must neither allocate nor need std"
    fi
}

# Fails unless the crates that core links on this target are the known ones, without std or alloc.
core_is_lean() {
    local tree name features
    tree=$(cargo_run tree --package fact-core --edges normal --target "$1" --prefix none \
        --format '{p}|{f}' | sed 's/ (\*)$//' | LC_ALL=C sort -u)
    while IFS='|' read -r name features; do
        name=${name%% *}
        [[ " ${CORE_CRATES[*]} " == *" $name "* ]] ||
            fail "core depends on $name on $1, which CORE_CRATES in ci.sh does not list"
        # libm's `arch` would make results depend on the processor.
        [[ ! ,$features, =~ ,(std|alloc|arch), ]] ||
            fail "core builds $name with the features \"$features\": std, alloc and arch are out"
    done <<<"$tree"
}

# What counts instructions: Valgrind, and Gungraun's runner in the version of the library.
bench_tools() {
    if ! command -v valgrind >/dev/null && [[ $(id -u) == 0 ]] && command -v apt-get >/dev/null; then
        apt-get update -q && apt-get install -y -q --no-install-recommends valgrind
    fi
    need valgrind "Install it (Debian: apt-get install valgrind)."
    local version
    version=$(sed -n '/^name = "gungraun"$/{n;s/^version = "\(.*\)"$/\1/p}' Cargo.lock)
    # Built without optimisation, in half the time: it starts Valgrind and reads what that writes.
    [[ $(gungraun-runner --version 2>/dev/null) == *" $version" ]] ||
        cargo install gungraun-runner --version "=$version" --locked --debug
}

step_bench() {
    # The runner is compiled beside the host's library, which leaves all cores but one idle.
    bench_tools &
    local tools=$!
    build_host
    wait "$tools"
    # With those that only take time.
    cargo_run bench --package fact-benches --no-run
    "$RELEASE/fact" bench --only host-instructions
}

step_update-bench() {
    bench_tools
    build_host
    "$RELEASE/fact" bench --only host-instructions --record
    "$RELEASE/examples/readme" --records
}

step_record-bench() {
    bench_tools
    # Built apart, so that nothing else runs beside what is timed.
    build_host
    "$RELEASE/fact" bench --record --only wall-clock,host-instructions
    local curves
    curves=$(mktemp -d)
    "$RELEASE/fact" bench --scaling "$curves"
    cp "$curves/scaling.json" benches/record/
    cp "$curves/scaling.png" docs/pictures/
    rm -r "$curves"
    "$RELEASE/examples/readme" --records
}

# expect CODE ARGUMENT…: `fact verify ARGUMENT…` ends with this exit code.
expect() {
    local expected=$1 code=0
    shift
    local output
    output=$("$RELEASE/fact" verify "$@" 2>&1) || code=$?
    if ((code != expected)); then
        printf '%s\n' "$output" >&2
        fail "\`fact verify $*\` ended with $code, expected $expected"
    fi
    printf 'ok: fact verify %s: exit code %s\n' "$*" "$code"
}

step_verify() {
    build_host
    expect 0 iris
    expect 0 wine
    expect 0 wine --hidden 8,8,8,8,8
    expect 0 breast-cancer
    expect 0 digits
    expect 0 digits --precision f32
    expect 0 fixtures/small/iris.csv
    # A plain ReLU stops on kinks: the identity must be seen to fail there.
    expect 1 digits --hidden 32 --activation relu
    expect 2 no-such-file.csv
    expect 2 iris --no-such-option
}

step_firmware() {
    firmware/ci.sh install
    firmware/ci.sh "$@"
}

step_reproduce() {
    build_host
    local results
    results=$(mktemp -d)
    # The command itself asserts the bands: it fails unless every claim is reproduced.
    "$RELEASE/fact" reproduce all --scale quick --out "$results" ||
        fail "\`fact reproduce all\`: a claim is not reproduced; see $results"
    rm -r "$results"
}

step_rfm() {
    build_host
    "$RELEASE/examples/rfm"
}

step_readme() {
    build_host
    "$RELEASE/examples/readme" --check
}

step_fuzz() {
    need_cargo
    tests/fuzz/run.sh "${FUZZ_SECONDS:-60}"
}

step_update-readme() {
    build_host
    "$RELEASE/examples/readme"
}

run_step() {
    printf '\n== %s\n' "$1"
    local start=$SECONDS
    "step_$1"
    printf -- '-- %s: %s s\n' "$1" "$((SECONDS - start))"
}

main() {
    local steps=("$@")
    if [[ ${1:-} == firmware && $# -gt 1 ]]; then
        shift
        step_firmware "$@"
        return
    fi
    if ((${#steps[@]} == 0)); then
        steps=("${ALL_STEPS[@]}")
    fi
    # All names are checked before the first step spends minutes.
    local step
    for step in "${steps[@]}"; do
        case $step in
        help | -h | --help)
            usage
            return
            ;;
        esac
        [[ " ${ALL_STEPS[*]} ${MORE_STEPS[*]} " == *" $step "* ]] || {
            usage >&2
            fail "there is no step \"$step\""
        }
    done
    for step in "${steps[@]}"; do
        run_step "$step"
    done
    printf '\nAll passed: %s (%s s)\n' "${steps[*]}" "$SECONDS"
}

main "$@"
