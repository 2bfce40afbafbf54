#!/usr/bin/env bash
# Cargo's RUSTC_WRAPPER for the images. Cargo hashes the absolute path of a crate that lies outside this
# workspace, as the core does, into every symbol; the compiler merges and orders functions by their
# symbols. With a fixed hash an image has the same size and the same stack in any folder.
set -euo pipefail
arguments=()
crate=
previous=
for argument in "$@"; do
    [[ $previous != --crate-name ]] || crate=$argument
    [[ $crate != fact_* || $argument != metadata=* ]] || argument=metadata=fact
    arguments+=("$argument")
    previous=$argument
done
exec "${arguments[@]}"
