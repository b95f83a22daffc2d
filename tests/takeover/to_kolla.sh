#!/usr/bin/env bash
# Copyright: (c) 2026, caas.zun contributors
# SPDX-License-Identifier: GPL-3.0-or-later

# Makes a compute of the lab look as if kolla-ansible had deployed it: zun-compute and
# kuryr run in containers of the host's engine, with settings below /etc/kolla, and the
# host knows no account of Zun. What stays the collection's: the engine and the
# virtualenv, which kolla has in its images.
set -euo pipefail
image=$1
kolla_zun=42463   # as in kolla's images
[ ! -e /etc/kolla/zun-compute ] || exit 0

systemctl disable --quiet --now zun-compute zun-before-docker kuryr-libnetwork
rm /etc/systemd/system/{zun-compute,zun-before-docker,kuryr-libnetwork}.service /etc/docker/plugins/kuryr.spec
systemctl daemon-reload

mkdir -p /etc/kolla /usr/lib/docker/plugins/kuryr
mv /etc/zun /etc/kolla/zun-compute
mv /etc/kuryr /etc/kolla/kuryr
sed -i 's:/etc/zun/:/etc/kolla/zun-compute/:' /etc/kolla/zun-compute/*.conf
echo http://127.0.0.1:23750 >/usr/lib/docker/plugins/kuryr/kuryr.spec

# kolla's engine does not keep containers while it restarts, and has another way to log.
python3 - <<'EOF'
import json, pathlib
path = pathlib.Path("/etc/docker/daemon.json")
settings = {name: value for name, value in json.loads(path.read_text()).items() if not name.startswith("log-")}
path.write_text(json.dumps({**settings, "live-restore": False}))
EOF
systemctl reload docker

chown --recursive "$kolla_zun:$kolla_zun" /var/lib/zun
userdel zun
! getent group zun >/dev/null || groupdel zun
rm -f /etc/sudoers.d/*zun*

# Volumes that zun-compute mounts have to be seen by the engine.
mount --make-rshared /
start() {
    docker run --detach --name "$1" --label kolla_version=19.4.0 --restart unless-stopped --network host --pid host \
        --cap-add NET_ADMIN --cap-add SYS_ADMIN --cap-add SYS_CHROOT --cap-add DAC_READ_SEARCH --cap-add SYS_PTRACE \
        --security-opt seccomp=unconfined --security-opt apparmor=unconfined --volume /:/host:rshared \
        "$image" chroot /host /usr/bin/env PATH=/opt/zun/current/bin:/usr/sbin:/usr/bin:/sbin:/bin "${@:2}" >/dev/null
}
start kuryr /opt/zun/current/bin/kuryr-server --config-file /etc/kolla/kuryr/kuryr.conf
start zun_compute TMPDIR=/var/lib/zun/tmp /opt/zun/current/bin/zun-compute --config-file /etc/kolla/zun-compute/zun.conf
