# Copyright: (c) 2026, caas.zun contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A Cinder driver for a lab whose nodes share one kernel.

A volume is a sparse file; handing it to a host means binding it to a loop
device, which every node of the lab can open because loop devices are not
namespaced.  os-brick's LOCAL connector passes the device path through.

Several attachments share one loop device.  As all of them are in one kernel,
even mounting it on two nodes is safe: the kernel knows it as one file system.
"""

import os

from cinder import interface
from cinder.image import image_utils
from cinder.volume import configuration, driver
from oslo_concurrency import lockutils, processutils
from oslo_config import cfg

OPTS = [cfg.StrOpt("lab_volume_dir", help="Where the sparse files live.")]
cfg.CONF.register_opts(OPTS, group=configuration.SHARED_CONF_GROUP)


@interface.volumedriver
class LabFileDriver(driver.VolumeDriver):
    VERSION = "1.0"
    CI_WIKI_NAME = "none"

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.configuration.append_config_values(OPTS)
        self.dir = self.configuration.lab_volume_dir

    @staticmethod
    def get_driver_options():
        return OPTS

    def _file(self, name):
        return os.path.join(self.dir, name)

    def _losetup(self, *words):
        return self._execute("losetup", *words, run_as_root=True)[0]

    def _loop(self, path):
        found = self._losetup("-j", path, "--noheadings", "-O", "NAME").split()
        return found[0] if found else None

    # A device that becomes free may be another volume's at once.
    @lockutils.synchronized("lab-loop-devices")
    def _bind(self, path):
        return self._loop(path) or self._losetup("--find", "--show", path).strip()

    @lockutils.synchronized("lab-loop-devices")
    def _release(self, path):
        loop = self._loop(path)
        if not loop:
            return
        try:
            self._losetup("-d", loop)
        except processutils.ProcessExecutionError:
            # One that was mounted when it was released before goes by itself once it is not.
            if self._loop(path):
                raise

    def do_setup(self, context):
        pass

    def check_for_setup_error(self):
        self._losetup("--list")

    def _resize(self, path, gib):
        self._execute("truncate", "-s", f"{gib}G", path)

    def create_volume(self, volume):
        self._resize(self._file(volume.name), volume.size)

    def delete_volume(self, volume):
        path = self._file(volume.name)
        if not os.path.exists(path):
            return
        self._release(path)
        os.unlink(path)

    def extend_volume(self, volume, new_size):
        path = self._file(volume.name)
        self._resize(path, new_size)
        loop = self._loop(path)
        if loop:
            # The device grows at once; the file system on it is its user's.
            self._losetup("-c", loop)

    def retype(self, context, volume, new_type, diff, host):
        # All types mean the same files; only another backend would mean other ones.
        return host["host"] == volume.host, None

    def _copy(self, source, target, gib):
        self._execute("cp", "--sparse=always", "--reflink=auto", source, target)
        self._resize(target, gib)

    def create_snapshot(self, snapshot):
        self._copy(self._file(snapshot.volume_name), self._file(snapshot.name), snapshot.volume_size)

    def delete_snapshot(self, snapshot):
        path = self._file(snapshot.name)
        if os.path.exists(path):
            os.unlink(path)

    def create_volume_from_snapshot(self, volume, snapshot):
        self._copy(self._file(snapshot.name), self._file(volume.name), volume.size)

    def create_cloned_volume(self, volume, src_vref):
        self._copy(self._file(src_vref.name), self._file(volume.name), volume.size)

    def copy_image_to_volume(self, context, volume, image_service, image_id, disable_sparse=False):
        image_utils.fetch_to_raw(context, image_service, image_id, self._file(volume.name), "1M", size=volume.size)
        self._resize(self._file(volume.name), volume.size)

    def ensure_export(self, context, volume):
        pass

    def create_export(self, context, volume, connector):
        pass

    def remove_export(self, context, volume):
        pass

    def initialize_connection(self, volume, connector):
        loop = self._bind(self._file(volume.name))
        return {"driver_volume_type": "local", "data": {"device_path": loop}}

    def terminate_connection(self, volume, connector, **kwargs):
        # The attachment that ends is still among them.
        others = [a for a in volume.volume_attachment if a.attach_status == "attached"][1:]
        if not others:
            self._release(self._file(volume.name))

    def _update_volume_stats(self):
        found = os.statvfs(self.dir)
        self._stats = {
            "volume_backend_name": self.configuration.volume_backend_name,
            "vendor_name": "caas.zun",
            "driver_version": self.VERSION,
            "storage_protocol": "local",
            "total_capacity_gb": 50,
            "free_capacity_gb": min(50, found.f_bavail * found.f_frsize >> 30),
            "reserved_percentage": 0,
            "thin_provisioning_support": True,
            "max_over_subscription_ratio": "20.0",
            "multiattach": True,
            "online_extend_support": True,
        }
