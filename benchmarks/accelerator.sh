#!/bin/sh
# Equality of the JAX engine with the compiled loop, then its speed by the number of repetitions, in under 6 minutes:
#     benchmarks/accelerator.sh [FOLDER]
# PYTHON names the interpreter (python). Where JAX finds no accelerator it runs on the CPU and says so.
set -eu
cd "$(dirname "$0")/.."
folder=${1:-results/accelerator}
python=${PYTHON:-python}
mkdir -p "$folder"
status=0
timeout 120 "$python" -m pytest -q -x tests/sims/engines/test_jax.py -p no:cacheprovider >"$folder/tests.txt" 2>&1 || status=$?
tail -n 3 "$folder/tests.txt"
timeout 220 "$python" benchmarks/accelerator.py --out "$folder" --seconds 150 || status=$?
exit "$status"
