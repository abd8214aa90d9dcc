#!/bin/sh
# The first start copies a configuration into the volume; from then on the page and a hand change that one.
set -eu
if [ "${1:-}" = serve ] && [ ! -e data/willis.json ]; then
  cp /etc/willis/willis.json data/willis.json
fi
exec node /app/bin/willis.js "$@"
