#!/bin/bash
# Makes the image TAG of Prometheus and Alertmanager in the engine that DOCKER_HOST names. Its base is Debian's public
# image where that can be pulled, else a Debian that debootstrap puts together in FOLDER from the packages of this machine.
#   image.sh TAG FOLDER
set -eu -o pipefail
readonly tag=$1 folder=$2 release=bookworm
base=debian:$release-slim

# What is missing is no fault: exit code 3.
miss() {
  echo "$base cannot be pulled, and $*"
  exit 3
}

fail() {
  echo "failed: $*"
  exit 1
}

# Where this machine has Debian's packages from; nothing where it is no Debian.
mirror() {
  { apt-get indextargets --format '$(SITE)' 'Created-By: Packages' 2>/dev/null || true; } |
    grep -E '/debian/?$' | head -n 1 || true
}

# debootstrap that is ended early leaves a mount.
finish() {
  local mount
  while read -r mount; do umount -l "$mount"; done < <(cut -d' ' -f2 /proc/self/mounts | grep -F "$folder/" | tac)
  rm -rf "$folder/root"
}

bootstrap() {
  [ "$(id -u)" -eq 0 ] || miss "debootstrap needs root"
  command -v debootstrap >/dev/null || miss "debootstrap is not on this machine"
  local root=$folder/root
  trap finish EXIT
  trap exit TERM INT HUP
  debootstrap --variant=minbase "$release" "$root" $(mirror) >"$folder/debootstrap.log" 2>&1 ||
    fail "debootstrap: $(tail -n 1 "$folder/debootstrap.log")"
  # Proxies and what else apt needs to know here.
  apt-config dump | grep -E '^Acquire::(https?|Check-|Proxy|Retries)' >"$root/etc/apt/apt.conf.d/90machine" || true
  base=$tag-base
  tar -C "$root" -c . | docker import - "$base" >/dev/null
}

docker image inspect "$base" >/dev/null 2>&1 || timeout 60 docker pull -q "$base" >/dev/null 2>&1 || bootstrap
proxies=()
for name in http_proxy https_proxy no_proxy HTTP_PROXY HTTPS_PROXY NO_PROXY; do
  if [ -n "${!name:-}" ]; then proxies+=(--build-arg "$name"); fi
done
DOCKER_BUILDKIT=0 docker build -q --network host --build-arg "BASE=$base" ${proxies[@]+"${proxies[@]}"} -t "$tag" \
  "$(dirname "$0")" >"$folder/build.log" 2>&1 || fail "docker build: $(tail -n 1 "$folder/build.log")"
