#!/usr/bin/env bash
# Builds the firmware images, runs them under emulation and checks what is claimed of them.
# Called as `./ci.sh firmware` from the repository, or by itself.
set -euo pipefail
cd "$(dirname "$0")"

readonly TARGETS=(
    thumbv6m-none-eabi
    thumbv7m-none-eabi
    thumbv7em-none-eabihf
    thumbv8m.main-none-eabihf
    riscv32imac-unknown-none-elf
    riscv32imafc-unknown-none-elf
)
readonly BITS=(bits-f32 bits-f64 bits-approx)
readonly PROGRAMS=(train rfm online resume panics)
readonly WASM=wasm32-unknown-unknown
readonly EMULATORS=(qemu-system-arm qemu-system-riscv32)
readonly PACKAGES=(qemu-system-arm qemu-system-misc)

cargo_flags=()
if [[ ${CI:-} == true ]]; then
    cargo_flags+=(--locked)
fi

usage() {
    cat <<'END'
usage: ./ci.sh firmware [PART…]      no part: all of them, in this order

  install   add the rustup targets and, as root with apt-get, the emulators
  lint      formatting, clippy, and tests of the host tools
  build     the images for every board, the wasm module, the proof tool
  desktop   the workload's hashes on x86-64: debug, release, widest vectors; the programs' output
  wasm      the workload's hashes in a WebAssembly interpreter
  images    every image on every board: output, exit code, symbols, sizes, stack, buffers
  counts    exact instruction counts beside those of peers, against the record
  readme    the README's table shows the records

Not part of the default:
  update    record sizes, stacks and counts, in the README too
  run IMAGE TARGET   build all, run one image
END
}

fail() {
    printf 'firmware/ci.sh: %s\n' "$*" >&2
    exit 1
}

cargo_run() {
    local command=$1
    shift
    cargo "$command" ${cargo_flags[@]+"${cargo_flags[@]}"} "$@"
}

proof() {
    cargo_run run -q --release --package fact-proof -- "$@"
}

part_install() {
    local installed missing=() emulator
    installed=$(rustup target list --installed)
    for target in "${TARGETS[@]}" "$WASM"; do
        grep -qx "$target" <<<"$installed" || missing+=("$target")
    done
    ((${#missing[@]} == 0)) || rustup target add "${missing[@]}"
    for emulator in "${EMULATORS[@]}"; do
        if ! command -v "$emulator" >/dev/null; then
            if [[ $(id -u) == 0 ]] && command -v apt-get >/dev/null; then
                export DEBIAN_FRONTEND=noninteractive
                apt-get update -q
                apt-get install -y -q --no-install-recommends "${PACKAGES[@]}" ||
                    apt-get install -y -q --no-install-recommends "${PACKAGES[@]}" qemu-utils-
            fi
        fi
        command -v "$emulator" >/dev/null ||
            fail "$emulator is missing. Debian: apt-get install --no-install-recommends" \
                "${PACKAGES[*]} (append qemu-utils- where a newer qemu-utils blocks it)"
    done
}

part_lint() {
    cargo fmt --all --check
    cargo_run clippy --workspace --exclude fact-images --exclude fact-board --exclude fact-wasm \
        --all-targets -- -D warnings
    cargo_run clippy --package fact-images --target thumbv7em-none-eabihf -- -D warnings
    cargo_run clippy --package fact-images --target riscv32imafc-unknown-none-elf -- -D warnings
    cargo_run clippy --package fact-wasm --target "$WASM" -- -D warnings
    cargo_run test --package fact-workload --package fact-proof
}

# images TARGET PROFILE IMAGE…
images() {
    local target=$1 profile=$2
    shift 2
    (($#)) || return 0
    local -x RUSTFLAGS=${RUSTFLAGS:-} RUSTC_WRAPPER=$PWD/rustc.sh
    # For size, the standard library's Zip::new stays a function of its own, which divides by the
    # length of a chunk and checks that it is not 0; a little more inlining lets the check go.
    [[ $profile != image-small ]] || RUSTFLAGS+=" -C llvm-args=-inline-threshold=75"
    cargo_run build -q --package fact-images --target "$target" --profile "$profile" \
        "${@/#/--bin=}"
}

part_build() {
    local fast small
    for target in "${TARGETS[@]}"; do
        printf -- '-- %s\n' "$target"
        # For speed on the board that budgets and peers' figures are for; elsewhere for size, which
        # builds in a third of the time and changes no bit.
        fast=(counts) small=("${PROGRAMS[@]}" "${BITS[@]}")
        case $target in
        # 16 KB of RAM: too little for a 64×64 product.
        thumbv6m-*) fast=() ;;
        thumbv7em-*) fast+=("${small[@]}") small=() ;;
        esac
        images "$target" image ${fast[@]+"${fast[@]}"}
        images "$target" image-small ${small[@]+"${small[@]}"}
    done
    cargo_run build -q --package fact-wasm --profile image --target "$WASM"
    cargo_run build -q --release --package fact-proof
}

# replays NAME CARGO_ARGUMENT…: this build of the workload prints the expected hashes.
replays() {
    local name=$1
    shift
    cargo_run run -q --package fact-replay "$@" -- bits | diff ../fixtures/bits.txt - ||
        fail "the hashes of $name are not those of fixtures/bits.txt"
    printf 'ok: hashes of %s\n' "$name"
}

part_desktop() {
    replays "x86-64, debug"
    replays "x86-64, release" --release
    RUSTFLAGS="${RUSTFLAGS:-} -C target-cpu=native" replays "x86-64, widest vectors" --release
    local program
    for program in train rfm online resume; do
        cargo_run run -q --release --package fact-replay -- "$program" |
            diff "images/expected/$program.txt" - ||
            fail "$program prints something else on the desktop"
        printf 'ok: %s on the desktop\n' "$program"
    done
}

part_wasm() { proof wasm; }
part_images() { proof images; }
part_counts() { proof counts; }
part_readme() { proof readme; }
part_update() { proof update; }

main() {
    local parts=("$@") part start
    case ${parts[0]:-} in
    help | -h | --help)
        usage
        return
        ;;
    run)
        part_build
        proof "$@"
        return
        ;;
    # Alone, these want what they look at.
    wasm | images | counts | update) parts=(install build "${parts[@]}") ;;
    '') parts=(install lint build desktop wasm images counts readme) ;;
    esac
    for part in "${parts[@]}"; do
        declare -F "part_$part" >/dev/null || {
            usage >&2
            fail "there is no part \"$part\""
        }
    done
    for part in "${parts[@]}"; do
        start=$SECONDS
        "part_$part"
        printf -- '-- firmware %s: %s s\n' "$part" "$((SECONDS - start))"
    done
}

main "$@"
