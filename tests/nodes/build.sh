#!/bin/sh
# Copyright: (c) 2026, caas.zun contributors
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Builds the images of test nodes: Debian with systemd and Python, little more.
#
#   tests/nodes/build.sh [SUITE...]        (default: bookworm trixie)
#
# Gives caas-zun/node:SUITE. An image made by the same recipe (this file and the
# settings below) is kept, so that only the first run costs time. Suites are
# built in parallel.
#
# DEBIAN_MIRROR   where packages come from (default http://deb.debian.org/debian)
# NODE_IMAGE      repository part of the image name (default caas-zun/node)
set -eu

mirror=${DEBIAN_MIRROR:-http://deb.debian.org/debian}
repository=${NODE_IMAGE:-caas-zun/node}
# busybox: what runs in the containers of nodes, which cannot pull images.
packages=systemd,systemd-sysv,dbus,python3,iproute2,iputils-ping,ca-certificates,sudo,procps,kmod,busybox
recipe=$( (cat "$0"; echo "$mirror $packages") | sha256sum | cut -d ' ' -f 1)
[ $# -gt 0 ] || set -- bookworm trixie

fail() {
  echo "$0: $*" >&2
  exit 1
}

is_current() {
  [ "$(docker image inspect --format '{{ index .Config.Labels "caas.zun.recipe" }}' "$repository:$1" 2>/dev/null)" = "$recipe" ]
}

# mmdebstrap needs half of debootstrap's time and writes the archive itself.
need_mmdebstrap() {
  command -v mmdebstrap >/dev/null && return
  [ "$(id -u)" -eq 0 ] || fail "mmdebstrap is missing: install it (apt-get install mmdebstrap)"
  DEBIAN_FRONTEND=noninteractive
  export DEBIAN_FRONTEND
  apt-get -qq -o DPkg::Lock::Timeout=300 update
  apt-get -qq -o DPkg::Lock::Timeout=300 install -y --no-install-recommends mmdebstrap debian-archive-keyring >/dev/null
}

# The archive goes through a file, not a pipe: sh would not see mmdebstrap fail
# in a pipe, and half a system would be imported.
# shellcheck disable=SC2016  # mmdebstrap expands $1 in its hook
build() {
  echo "building $repository:$1"
  mmdebstrap --quiet --variant=minbase --include="$packages" \
    --keyring=/usr/share/keyrings/debian-archive-keyring.gpg \
    --dpkgopt=force-unsafe-io \
    --dpkgopt='path-exclude=/usr/share/man/*' \
    --dpkgopt='path-exclude=/usr/share/locale/*' \
    --dpkgopt='path-exclude=/usr/share/doc/*' \
    --aptopt='Acquire::Languages "none"' \
    --customize-hook='rm -f "$1/etc/hostname"; : > "$1/etc/machine-id"' \
    "$1" "$work/$1.tar" "$mirror"
  docker import --change 'CMD ["/lib/systemd/systemd"]' \
    --change "LABEL caas.zun.recipe=$recipe" "$work/$1.tar" "$repository:$1" >/dev/null
  rm -f "$work/$1.tar"
}

docker version >/dev/null || fail "no Docker Engine answers on this machine"

missing=
for suite in "$@"; do
  is_current "$suite" || missing="$missing $suite"
done
[ -n "$missing" ] || exit 0

need_mmdebstrap
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
jobs=
for suite in $missing; do
  build "$suite" &
  jobs="$jobs $!"
done
for job in $jobs; do
  wait "$job" || fail "an image could not be built, see above"
done
