#!/usr/bin/env sh
# Real processes spend from one account for LEDGER_RACE_SECONDS (default 60) on each database: PostgreSQL four of 16
# workers, SQLite one of 64, the admin program granting beside them. Needs `npm run build`.
set -eu
cd "$(dirname "$0")/../.."
LEDGER_RACE_SECONDS="${LEDGER_RACE_SECONDS:-60}" exec npx vitest run --project e2e test/e2e/ledger-race.spec.ts
