#!/usr/bin/env bash
# Prepares a machine of Gradescope, once, while its image is built: Python, the packages in the versions of the course,
# and what would otherwise be made for each submission anew. Made by `grade package gradescope`.
set -euo pipefail

source=${AUTOGRADER:-/autograder}/source
home=${EPOCHMARK_HOME:-/opt/epochmark}

is_recent() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }

find_python() {
    local name
    for name in python3.13 python3.12 python3.11 python3; do
        if is_recent "$name" && "$name" -c 'import ensurepip' 2>/dev/null; then
            command -v "$name"
            return
        fi
    done
    return 1
}

if ! python=$(find_python); then
    apt-get update
    apt-get install -y --no-install-recommends python3.13 python3.13-venv \
        || apt-get install -y --no-install-recommends python3.12 python3.12-venv \
        || apt-get install -y --no-install-recommends python3.11 python3.11-venv
    python=$(find_python) || { echo "Python 3.11 or later is needed: choose a newer base image" >&2; exit 1; }
fi

# Other users, as which student code runs, have to be able to read Python and its packages, and nothing else.
umask 022
rm -rf "$home"
"$python" -m venv "$home"
"$home/bin/python" -m pip install --no-cache-dir --disable-pip-version-check -r "$source/requirements.txt"
"$home/bin/python" -m pip install --no-cache-dir --disable-pip-version-check --no-deps --no-index --force-reinstall \
    "$source"/epochmark-*.whl

# The same submission gets the same grade again, whenever the image is built: the key comes with the archive.
install -d -m 0700 "$home/keys"
install -m 0600 "$source/key" "$home/keys/key"
install -d -m 0755 "$home/cache" "$home/matplotlib"
if [ -f "$source/mnist.npz" ]; then
    install -m 0644 "$source/mnist.npz" "$home/cache/mnist.npz"
fi
chmod -R go-rwx "$source"

# Fails here, where somebody looks, and not at the first submission. Draws the images and lists the fonts, too.
bash "$source/grade.sh" --ready
