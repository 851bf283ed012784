#!/usr/bin/env sh
# Processes that move credits are killed at random moments, again and again, for LEDGER_KILL_SECONDS (default 300) on
# each database; then nothing may be lost or doubled. Needs `npm run build`.
set -eu
cd "$(dirname "$0")/../.."
LEDGER_KILL_SECONDS="${LEDGER_KILL_SECONDS:-300}" exec npx vitest run --project e2e test/e2e/ledger-kill.spec.ts
