#!/bin/bash
# All checks and all tests, on this Node and again on Node 24; installs what it needs on a fresh checkout.
# Last line: "N passed, N failed, N skipped", summed over every run. `npm run verify` and .ci/run end up here.
set -u -o pipefail
cd "$(dirname "$0")/.."

readonly OTHER_NODE=24.21.0
readonly STEP_TIMEOUT=25m
work=$(mktemp -d)
export PROMVISOR_TEST_COUNTS="$work/counts"
: >"$PROMVISOR_TEST_COUNTS"
# Whatever a step starts inherits this, so that nothing of it is left behind unseen.
readonly mark="VERIFY_RUN=$work"
failed_steps=()

# Processes of this run that are still there. None is expected: each test ends what it started.
leftovers() {
  local environ
  for environ in /proc/[0-9]*/environ; do
    if tr '\0' '\n' 2>/dev/null <"$environ" | grep -qxF "$mark"; then basename "$(dirname "$environ")"; fi
  done
}

# Ends them; what has to put something right first, as the engine of the container tests, is given the time.
end_leftovers() {
  local pid left
  left=$(leftovers)
  [ -z "$left" ] && return 0
  for pid in $left; do
    echo "left behind: $pid $(tr '\0' ' ' 2>/dev/null <"/proc/$pid/cmdline")"
    kill -TERM "$pid" 2>/dev/null
  done
  for _ in $(seq 200); do
    [ -z "$(leftovers)" ] && return 1
    sleep 0.1
  done
  for pid in $(leftovers); do kill -KILL "$pid" 2>/dev/null; done
  return 1
}

finish() {
  end_leftovers >/dev/null
  rm -rf "$work"
}
trap finish EXIT
trap 'exit 130' INT TERM

step() {
  local name=$1
  shift
  echo "=== $name"
  if ! env "$mark" timeout --kill-after=30s "$STEP_TIMEOUT" "$@" </dev/null; then
    failed_steps+=("$name")
    return 1
  fi
}

# These are used by tests that skip, with their reason, where they are missing. An engine and a Debian to put into an
# image are made by the tests where no engine answers: what that takes is not needed elsewhere.
install_packages() {
  local missing=() pair
  local pairs=(prometheus:prometheus promtool:prometheus prometheus-alertmanager:prometheus-alertmanager python3:python3 prometheus-process-exporter:prometheus-process-exporter /usr/bin/time:time systemd-nspawn:systemd-container systemd-analyze:systemd dbus-daemon:dbus zsh:zsh fish:fish)
  if ! timeout 20s docker info >/dev/null 2>&1; then
    pairs+=(dockerd:docker.io docker:docker-cli ip:iproute2 iptables-save:iptables debootstrap:debootstrap)
  fi
  docker compose version >/dev/null 2>&1 || pairs+=(docker-compose:docker-compose)
  for pair in "${pairs[@]}"; do
    command -v "${pair%%:*}" >/dev/null || missing+=("${pair##*:}")
  done
  [ ${#missing[@]} -eq 0 ] && return
  if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
    echo "not installed, as this is not root on Debian: ${missing[*]}"
    return
  fi
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -qq || return
  local known=() name
  for name in "${missing[@]}"; do
    # A release of Debian may have it in another package of the list.
    if apt-cache show "$name" >/dev/null 2>&1; then known+=("$name"); else echo "no such package here: $name"; fi
  done
  apt-get install -y -qq --no-install-recommends -o DPkg::Lock::Timeout=300 "${known[@]}" >/dev/null
}

# A registry that lacks a package for some other platform makes a lock file that `npm ci` refuses everywhere;
# `npm install` takes the same versions from it and leaves it as it is.
install_modules() {
  [ node_modules/.package-lock.json -nt package-lock.json ] && return
  local flags=(--include=dev --no-audit --no-fund)
  npm ci "${flags[@]}" 2>"$work/npm-ci" && return
  echo "npm ci: $(grep -m 1 -o 'npm error .*can only install.*' "$work/npm-ci" || tail -n 1 "$work/npm-ci")"
  echo "npm install instead"
  npm install --no-save "${flags[@]}" && touch node_modules/.package-lock.json
}

# Prints the folder that has the other Node's program.
install_other_node() {
  local platform
  platform=$(node -p '`${process.platform}-${process.arch}`')
  npm install --silent --no-audit --no-fund --no-save --prefix "$work/node" "node-$platform@$OTHER_NODE" >&2 &&
    echo "$work/node/node_modules/node-$platform/bin"
}

# The clients of PM2 that end-to-end tests run, into the folder where those look for them (test/support/pm2-clients.ts):
# that waits for the network most of the time, while other tests run. Where it fails, the tests try again and say why.
fetch_pm2_clients() {
  local folder="${TMPDIR:-/tmp}/promvisor-test-cache-pm2-clients-1" wanted
  [ -e "$folder" ] && return
  wanted=$(node -p 'Object.entries(require("./test/pm2/clients.json")).map((pair) => pair.join("@")).join(" ")') || return
  # shellcheck disable=SC2086
  npm install --silent --no-audit --no-fund --ignore-scripts --no-save --omit=optional --prefix "$work/clients" $wanted \
    >/dev/null 2>&1 && mv "$work/clients" "$folder"
}

summary() {
  node -e '
    const lines = require("node:fs").readFileSync(process.env.PROMVISOR_TEST_COUNTS, "utf8").split("\n").filter(Boolean);
    const runs = lines.map((line) => JSON.parse(line));
    const sum = (key) => runs.reduce((total, run) => total + run[key], 0);
    for (const run of runs) for (const reason of run.reasons) console.log(`skipped: Node ${run.node}: ${reason}`);
    for (const run of runs) for (const failure of run.failures) console.log(`FAILED: Node ${run.node}: ${failure}`);
    for (const name of process.argv.slice(1)) console.log(`failed step: ${name}`);
    console.log(`${sum("passed")} passed, ${sum("failed")} failed, ${sum("skipped")} skipped`);
    process.exitCode = sum("failed") > 0 || sum("passed") === 0 || process.argv.length > 1 ? 1 : 0;
  ' "${failed_steps[@]}"
}

install_packages || failed_steps+=("install Debian packages")
install_modules || failed_steps+=("npm install")

fetch_pm2_clients &
fetching=$!
step "check, Node $(node -p process.version)" npm run check
step "agents in apps, Node $(node -p process.version)" npm run test:agents
wait "$fetching"
step "end-to-end tests, Node $(node -p process.version)" npm run test:e2e
step "fault and stack tests, Node $(node -p process.version)" npm run test:system

if other=$(install_other_node); then
  PATH="$other:$PATH" step "unit tests, Node $OTHER_NODE" npm run test:unit
  PATH="$other:$PATH" step "agents in apps, Node $OTHER_NODE" npm run test:agents
  PATH="$other:$PATH" step "end-to-end tests, Node $OTHER_NODE" npm run test:e2e
else
  failed_steps+=("install Node $OTHER_NODE")
fi

if [ -d /proc/self ] && ! end_leftovers; then failed_steps+=("no process is left behind"); fi
summary
