#!/usr/bin/env bash
# usage: test/soak/openapi-fuzz.sh [requests] [seed]
# Random requests over every operation of the daemon's own OpenAPI document; the seed that is printed makes the same ones.
set -euo pipefail
cd "$(dirname "$0")/../.."
FUZZ_REQUESTS=${1:-10000} FUZZ_SEED=${2:-$RANDOM} \
  npx vitest run --project e2e test/e2e/openapi-fuzz.spec.ts --testTimeout 1800000
