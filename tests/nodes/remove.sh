#!/bin/sh
# Copyright: (c) 2026, caas.zun contributors
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Removes nodes that run.sh made, whatever state they are in, with their volumes,
# loop devices and cgroups. Prints what it removed.
#
#   tests/nodes/remove.sh NAME...
set -eu

# Where nodes keep files that they bind to loop devices.
files=/var/lib/caas-zun-lab/

# A device that is still mounted in a node goes when the node goes.
losetup --list --noheadings --output NAME,BACK-FILE 2>/dev/null | while read -r device file; do
  case $file in
    "$files"*)
      losetup --detach "$device" && echo "removed $device"
      ;;
  esac
done

for name in "$@"; do
  id=$(docker inspect --format '{{.Id}}' "$name" 2>/dev/null) || continue
  docker rm --force --volumes "$name" >/dev/null
  echo "removed $name"
  # The engine cannot remove cgroups in which a node's systemd made others.
  for group in /sys/fs/cgroup/*/docker/"$id" /sys/fs/cgroup/docker/"$id"; do
    [ ! -d "$group" ] || find "$group" -depth -type d -exec rmdir {} +
  done
done
