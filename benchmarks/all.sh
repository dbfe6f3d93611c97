#!/usr/bin/env bash
# Runs every benchmark, a few hours on two cores, and joins the results in benchmarks/results/README.md.
# FOLDER holds the photographs and segmentations of BSDS500's test part, as benchmarks/regions.py describes; LIMIT of them are used.
#
#   bash benchmarks/all.sh FOLDER [LIMIT]
set -uo pipefail
cd "$(dirname "$0")/.."
folder=${1:?the folder of photographs: bash benchmarks/all.sh FOLDER [LIMIT]}
limit=${2:-50}
python=${PYTHON:-.venv/bin/python}
failed=()

run() { echo "== $*"; "$python" benchmarks/results.py "$@" || failed+=("$1"); }

run costs
run coalitions
run versus_lime
run sampling
run regions --bsds "$folder" --limit "$limit"
run dseg --photographs "$folder"
run depth --photographs "$folder" --limit "$limit" --smaller
run equal_numbers --photographs "$folder" --limit "$limit"
run default --photographs "$folder"
run peers --photographs "$folder" --limit "$limit"
run depth --photographs "$folder" --limit "$limit" --classifier squeezenet
run peers --photographs "$folder" --limit "$limit" --budgets 512 --classifier squeezenet
run independence --photographs "$folder"
run segmenters
run finetune
run widgets

cat benchmarks/results/[a-z]*.md > benchmarks/results/README.md
[ ${#failed[@]} = 0 ] || { echo "failed: ${failed[*]}" >&2; exit 1; }
