#!/usr/bin/env bash
# Grades /autograder/submission and writes /autograder/results/results.json. Made by `grade package gradescope`.
#
# Where the grader or the machine fails there are no results, and Gradescope says so in the place of a score: nobody
# gets a zero for what is not theirs.
set -euo pipefail

root=${AUTOGRADER:-/autograder}
home=${EPOCHMARK_HOME:-/opt/epochmark}
mkdir -p "$root/results"
rm -f "$root/results/results.json"
# Student code runs as another user, which has no business in here.
chmod go-rwx "$root" "$root"/*

exec env -i \
    PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 HOME=/root \
    GRADER_KEYS="$home/keys" GRADER_CACHE="$home/cache" MPLCONFIGDIR="$home/matplotlib" GRADER_MNIST="$home/cache/mnist.npz" \
    ${GRADER_TIER:+GRADER_TIER="$GRADER_TIER"} ${GRADER_DEBUG:+GRADER_DEBUG="$GRADER_DEBUG"} \
    "$home/bin/python" -I -m grader gradescope --root "$root" --lab "$root"/source/lab/@LAB@ @OPTIONS@ "$@"
