#!/usr/bin/env bash
# Builds the firmware images and runs them under emulation. Called by ../ci.sh, or by itself.
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

for target in "${TARGETS[@]}"; do
    profile=image
    [[ $target != thumbv6m-* ]] || profile=image-small
    cargo build --package fact-images --profile "$profile" --target "$target"
done
