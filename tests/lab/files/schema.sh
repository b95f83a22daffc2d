# shellcheck shell=bash
# Copyright: (c) 2026, caas.zun contributors
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Sent to bash on the control node: databases and their schemas, the users of
# the message queue, Keystone's keys and first admin, the registry's user. Each
# step leaves a stamp when it is complete. Prints what it did. Its environment
# has PASSWORD, ADDRESS and REGISTRY_USER; nothing secret becomes an argument of
# a program that others can see.
set -euo pipefail

stamps=/var/lib/caas-zun-lab/stamps
logs=/var/log/caas-zun-lab
mkdir -p "$stamps" "$logs"

# once FUNCTION: its output goes to a log. In a shell of its own, because errors
# do not end a function whose success is asked for.
once() {
  [ -e "$stamps/$1" ] && return
  bash -euo pipefail -c "$1" >"$logs/$1.log" 2>&1 || {
    echo "$1 failed:" >&2
    tail -n 30 "$logs/$1.log" >&2
    return 1
  }
  touch "$stamps/$1"
  echo "$1"
}

databases() {
  for name in keystone glance placement neutron cinder zun; do
    echo "CREATE DATABASE IF NOT EXISTS $name CHARACTER SET utf8mb3;"
    for host in % localhost; do
      echo "GRANT ALL ON $name.* TO '$name'@'$host' IDENTIFIED BY '$PASSWORD';"
    done
  done | mysql
}

message_users() {
  for name in openstack zun; do
    # Asked for on standard input, the password stays out of the process list.
    printf '%s\n' "$PASSWORD" | rabbitmqctl -q add_user "$name" || printf '%s\n' "$PASSWORD" | rabbitmqctl -q change_password "$name"
    rabbitmqctl -q set_permissions "$name" '.*' '.*' '.*'
  done
}

as() {
  user=$1
  shift
  runuser -u "$user" -- "$@"
}

keystone_schema() {
  as keystone keystone-manage db_sync
  keystone-manage fernet_setup --keystone-user keystone --keystone-group keystone
  keystone-manage credential_setup --keystone-user keystone --keystone-group keystone
  OS_BOOTSTRAP_PASSWORD=$PASSWORD keystone-manage bootstrap --bootstrap-region-id RegionOne \
    --bootstrap-admin-url "http://$ADDRESS:5000/v3/" --bootstrap-internal-url "http://$ADDRESS:5000/v3/" \
    --bootstrap-public-url "http://$ADDRESS:5000/v3/"
  chown -R keystone:keystone /var/log/keystone
}

neutron_schema() {
  as neutron neutron-db-manage --config-file /etc/neutron/neutron.conf \
    --config-file /etc/neutron/plugins/ml2/ml2_conf.ini upgrade head
}

glance_schema() { as glance glance-manage db_sync; }
placement_schema() { as placement placement-manage db sync; }
cinder_schema() { as cinder cinder-manage db sync; }

registry_user() {
  python3 - >/etc/docker/registry/htpasswd.new <<'PYTHON'
import bcrypt
import os

print(f"{os.environ['REGISTRY_USER']}:{bcrypt.hashpw(os.environ['PASSWORD'].encode(), bcrypt.gensalt(10)).decode()}")
PYTHON
  mv /etc/docker/registry/htpasswd.new /etc/docker/registry/htpasswd
}

# shellcheck disable=SC2046  # names of functions
export -f $(compgen -A function)
once databases
once message_users &
jobs=$!
once registry_user &
jobs="$jobs $!"
# Two at a time, the two long ones first.
(
  once neutron_schema
  once glance_schema
) &
jobs="$jobs $!"
(
  once keystone_schema
  once cinder_schema
  once placement_schema
) &
jobs="$jobs $!"
for job in $jobs; do
  wait "$job"
done
