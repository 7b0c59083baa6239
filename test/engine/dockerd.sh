#!/bin/bash
# A Docker engine of a test's own in FOLDER, at FOLDER/docker.sock: says "ready", runs until its standard input is
# closed, and leaves the machine as it was: no process, mount, bridge, rule or folder of it stays.
#   dockerd.sh FOLDER
set -u
readonly folder=$1
export PROMVISOR_TEST_ENGINE=$folder
readonly docker=(docker -H "unix://$folder/docker.sock")
readonly forwarding=/proc/sys/net/ipv4/ip_forward

fail() {
  echo "failed: $*"
  exit 1
}

# The rules as they are; of a table that nobody has made yet, its empty state.
rules() {
  local table=$1 chains=$2 saved
  saved=$(iptables-save -c -t "$table" 2>/dev/null)
  if [ -n "$saved" ]; then
    echo "$saved"
  else
    printf '*%s\n' "$table"
    printf ':%s ACCEPT [0:0]\n' $chains
    echo COMMIT
  fi
}

bridges() {
  local link
  for link in /sys/class/net/docker0 /sys/class/net/br-*; do
    if [ -e "$link" ]; then basename "$link"; fi
  done
}

# True for a process that runs; one that only waits to be reaped does not.
runs() {
  local stat
  read -r stat 2>/dev/null <"/proc/$1/stat" && [[ ${stat##*) } != Z* ]]
}

# containerd and the shims, by the variable that they inherit. This shell and its own part that looks have it too.
of_this_engine() {
  local environ pid
  for environ in /proc/[0-9]*/environ; do
    pid=$(basename "$(dirname "$environ")")
    if [ "$pid" -eq $$ ] || [ "$pid" -eq "$BASHPID" ]; then continue; fi
    if tr '\0' '\n' 2>/dev/null <"$environ" | grep -qxF "PROMVISOR_TEST_ENGINE=$folder"; then echo "$pid"; fi
  done
}

end_processes() {
  local pid
  if [ -n "${engine:-}" ]; then
    kill -TERM "$engine" 2>/dev/null
    for _ in $(seq 300); do
      runs "$engine" || break
      sleep 0.1
    done
    kill -KILL "$engine" 2>/dev/null
    wait "$engine" 2>/dev/null
  fi
  for pid in $(of_this_engine); do
    echo "killed: $pid $(tr '\0' ' ' 2>/dev/null <"/proc/$pid/cmdline")"
    kill -KILL "$pid" 2>/dev/null
  done
}

restore_network() {
  local bridge
  for bridge in $(bridges); do
    grep -qxF "$bridge" <<<"$bridges_before" || ip link delete "$bridge"
  done
  iptables-restore -c <<<"$rules_before"
  echo "$forwarding_before" >"$forwarding"
}

finish() {
  local mount
  trap '' TERM INT HUP
  kill "${input:-}" 2>/dev/null
  end_processes
  # A mount over another goes first.
  while read -r mount; do umount -l "$mount"; done < <(cut -d' ' -f2 /proc/self/mounts | grep -F "$folder/" | tac)
  restore_network
  find /sys/fs/cgroup -depth -type d -path '*/docker*' -exec rmdir {} \; 2>/dev/null
  rm -rf "$folder"
}

[ "$(id -u)" -eq 0 ] || fail "a Docker engine needs root"
for program in dockerd docker ip iptables-save iptables-restore flock; do
  command -v "$program" >/dev/null || fail "$program is not on this machine"
done
# Two engines would share a bridge: one at a time on a machine.
exec 8>"${TMPDIR:-/tmp}/promvisor-test-engine.lock"
flock -w 300 8 || fail "another test still runs an engine after 300 s"

forwarding_before=$(cat "$forwarding")
bridges_before=$(bridges)
rules_before=$(
  rules filter 'INPUT FORWARD OUTPUT'
  rules nat 'PREROUTING INPUT OUTPUT POSTROUTING'
)
exec 7<&0
trap finish EXIT
trap exit TERM INT HUP

# Packets of containers must fit where the packets of the machine go.
device=$(ip -o route show default | grep -o 'dev [^ ]*' | head -n 1 | cut -d' ' -f2)
mtu=$(cat "/sys/class/net/${device:-lo}/mtu")
echo '{}' >"$folder/daemon.json"
dockerd --host "unix://$folder/docker.sock" --data-root "$folder/data" --exec-root "$folder/exec" \
  --pidfile "$folder/dockerd.pid" --config-file "$folder/daemon.json" --mtu "$((mtu < 1500 ? mtu : 1500))" \
  >"$folder/dockerd.log" 2>&1 7<&- 8>&- </dev/null &
engine=$!
for _ in $(seq 300); do
  runs "$engine" || fail "dockerd: $(tail -n 1 "$folder/dockerd.log")"
  "${docker[@]}" info >/dev/null 2>&1 && break
  sleep 0.1
done
"${docker[@]}" info >/dev/null 2>&1 || fail "dockerd does not answer after 30 s: $(tail -n 1 "$folder/dockerd.log")"
echo ready

cat <&7 >/dev/null 8>&- &
input=$!
wait -n
