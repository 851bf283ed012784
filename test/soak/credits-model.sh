#!/usr/bin/env sh
# The ledger against its model: 10,000 random sequences of commands on each database.
# CREDITS_MODEL_RUNS and CREDITS_MODEL_SEED change the number of runs and repeat a failure (its seed is printed).
set -eu
cd "$(dirname "$0")/../.."
CREDITS_MODEL_RUNS="${CREDITS_MODEL_RUNS:-10000}" exec npx vitest run --project database \
  --reporter verbose test/database/credits-model.spec.ts
