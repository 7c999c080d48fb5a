#!/bin/sh
# How ccproxy is started, in the container and out of it: `ccproxy serve` brings the database up to date once, then
# becomes gunicorn. Settings come from the environment (docs/settings.md). `python` on PATH is the one that has the
# requirements.
# With arguments, runs these instead of the server:  docker compose run --rm ccproxy ccproxy --help
set -eu
cd "$(dirname "$0")/.."
umask 077 # what is written here (database, key file) is for this user alone

if [ "$#" -gt 0 ]; then
    exec "$@"
fi

exec python -m ccproxy serve
