#!/usr/bin/env bash
# What action.yml runs: the sealcheck of this very commit, with the versions in the lock file.
set -euo pipefail

# Standard input is a list, one item a line; blank lines are skipped.
arguments=()
add_each() {
  local before="$1" line
  while IFS= read -r line; do
    line="${line#"${line%%[![:space:]]*}"}"
    line="${line%"${line##*[![:space:]]}"}"
    [[ -n "$line" ]] || continue
    if [[ "$before" == --secret ]]; then arguments+=(--secret "id=${line%%=*},env=${line#*=}"); else arguments+=("$line"); fi
  done
}

add_each --secret <<<"${SECRET_ENVS:-}"
if [[ -n "${DOTENV:-}" ]]; then arguments+=(--dotenv "$DOTENV"); fi
add_each '' <<<"${OPTIONS:-}"

here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
npm ci --prefix "$here/.." --workspace sealcheck --omit=dev --ignore-scripts --no-audit --no-fund --silent
exec node "$here/src/cli.ts" "$CHECK" "$TARGET" "${arguments[@]}" --format sarif --output "${SARIF:-sealcheck.sarif}"
