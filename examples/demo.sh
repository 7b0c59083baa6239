#!/bin/bash
# Builds promvisor and supervises the example apps with it, then says what to look at.
set -eu
cd "$(dirname "$0")/.."
[ -d node_modules ] || npm install --no-audit --no-fund
npm run --silent build
pmv="node dist/bin/promvisor.cjs"
cd examples
# The file says one api process for each CPU; here it is two, whatever the machine has.
node ../dist/bin/promvisor.cjs start ecosystem.config.cjs --silent
node ../dist/bin/promvisor.cjs scale api 2 --silent
address=$(node ../dist/bin/promvisor.cjs ping --json | node -p 'JSON.parse(require("fs").readFileSync(0)).http.address ?? ""')
cat <<TXT

Three apps are supervised. api is a cluster of two; queue-worker crashes on purpose about once a minute, and is back at once.

  $pmv list               the apps
  $pmv why queue-worker   why it died last
  $pmv reload api         new processes, and not one request fails
  $pmv logs               their output, live
  curl http://localhost:3000/                 the example api
TXT
if [ -n "$address" ]; then
  echo "  http://$address/              the status page"
  echo "  http://$address/metrics       for Prometheus"
else
  echo "  /metrics is not up: its port is in use (see: $pmv ping --json)"
fi
printf '  %-38s%s\n' "$pmv kill" "ends it all"
