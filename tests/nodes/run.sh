#!/bin/sh
# Copyright: (c) 2026, caas.zun contributors
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Makes sure that a container that acts as a machine runs.
#
#   NODE_NETWORKS='NETWORK[=ADDRESS]...' NODE_COMMAND='...' tests/nodes/run.sh NAME IMAGE [OPTION OF docker create]...
#
# The first network becomes eth0, the second eth1. A node that was made in the
# same way is kept, and started when it is stopped, as after a reboot; another one
# of this name is replaced. Prints what it did, nothing when the node already ran.
set -eu

# One space between words, however they were separated.
NODE_NETWORKS=$(echo "${NODE_NETWORKS:-bridge}" | xargs)
NODE_COMMAND=${NODE_COMMAND:-}

name=$1
image=$2
shift 2
# An id changes when an image is built anew, its name does not.
recipe=$({
  docker image inspect --format '{{.Id}}' "$image"
  printf '%s\n' "$NODE_NETWORKS" "$NODE_COMMAND" "$@"
} | sha256sum | cut -d ' ' -f 1)

case $(docker inspect --format '{{.State.Status}} {{index .Config.Labels "caas.zun.node"}}' "$name" 2>/dev/null || true) in
  "running $recipe") exit ;;
  "exited $recipe")
    if docker start "$name" >/dev/null; then
      echo "started $name"
      exit
    fi
    ;;
esac
# Also one that was cut off between its creation and its start: it may lack a network.
docker rm --force --volumes "$name" >/dev/null 2>&1 || true

# attach COMMAND NETWORK[=ADDRESS] [WORD]...
attach() {
  command=$1
  network=${2%%=*}
  address=${2#"$network"}
  shift 2
  case $command in
    create) docker create --network="$network" ${address:+"--ip=${address#=}"} "$@" ;;
    connect) docker network connect ${address:+"--ip=${address#=}"} "$network" "$name" ;;
  esac
}

# shellcheck disable=SC2086  # the command is words
attach create "${NODE_NETWORKS%% *}" --name="$name" --label="caas.zun.node=$recipe" "$@" "$image" $NODE_COMMAND >/dev/null
for network in ${NODE_NETWORKS#"${NODE_NETWORKS%% *}"}; do
  attach connect "$network"
done
docker start "$name" >/dev/null
echo "created $name"
