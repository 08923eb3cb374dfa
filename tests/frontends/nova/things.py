"""Things of Nova's, by their shape: instances, options, folders, an API."""

import contextlib
import datetime
import hashlib
import os
import sys
import types

from oslo_config import cfg

from imagecache_handlers import utc_now
from tests.directory.place import NovaPlace
from tests.directory.place import THEN

BASE = '_base'
# What one process makes disks of.
IMAGES = [f'image-{number}' for number in range(24)]


def content_of(image_id):
    return image_id.encode() * 500


class Instance:
    """One with columns that are loaded; whoever asks for another fails."""

    def __init__(self, **columns):
        self._columns = {'uuid': 'vm-1'} | columns

    def obj_attr_is_set(self, name):
        return name in self._columns

    def __getattr__(self, name):
        if name.startswith('_') or name not in self._columns:
            raise AssertionError(f'{name} would be asked of the database')
        return self._columns[name]


class Stored(Instance):
    """The same, with columns where oslo.versionedobjects has them."""

    def __init__(self, **columns):
        super().__init__(**columns)
        self.asked = []
        for name, value in self._columns.items():
            setattr(self, f'_obj_{name}', value)

    def obj_attr_is_set(self, name):
        self.asked.append(name)
        return super().obj_attr_is_set(name)


class ListObject:
    """A list of Nova's: one gets at each by a call of its."""

    def __init__(self, *instances):
        self.objects = list(instances)

    def __iter__(self):
        raise AssertionError('that takes a call for each')


def whole(**columns):
    """Make one of which every column that names an image is loaded."""
    return Instance(
        **{'image_ref': '', 'kernel_id': '', 'ramdisk_id': ''} | columns
    )


class Listed(list):
    """A list of instances that Nova can be asked for again."""

    newer = ()
    asked = ()

    @classmethod
    def get_by_filters(cls, context, filters, **how):
        cls.asked = (context, filters, how)
        return cls.newer


def plain(**columns):
    """Make one that is no object of Nova's."""
    return types.SimpleNamespace(**columns)


def nova_options(instances=None, file=None, **image_cache):
    """Make a configuration as Nova has it in its process."""
    conf = cfg.ConfigOpts()
    arguments = [] if file is None else [f'--config-file={file}']
    conf(arguments, default_config_files=[], default_config_dirs=[])
    known = [
        cfg.StrOpt('subdirectory_name', default=BASE),
        cfg.IntOpt('manager_interval', default=2400),
        cfg.BoolOpt('remove_unused_base_images', default=True),
        cfg.IntOpt(
            'remove_unused_original_minimum_age_seconds', default=86400
        ),
        cfg.IntOpt('remove_unused_resized_minimum_age_seconds', default=3600),
    ]
    conf.register_opts(known, group='image_cache')
    conf.register_opts([cfg.StrOpt('host', default='compute')])
    if instances is not None:
        conf.register_opts([cfg.StrOpt('instances_path')])
        conf.set_override('instances_path', str(instances))
    for name, value in image_cache.items():
        conf.set_override(name, value, group='image_cache')
    return conf


class Lockutils(types.ModuleType):
    """Stands for oslo.concurrency's: by that others know Nova's process."""

    class AcquireLockFailedException(Exception):
        """Somebody has the lock."""

    def __init__(self):
        super().__init__('oslo_concurrency.lockutils')
        self.locked = []
        self.taken = set()

    @contextlib.contextmanager
    def lock(self, name, **how):
        if name in self.taken:
            raise self.AcquireLockFailedException(name)
        self.locked.append((name, how))
        yield


class HostPlace(NovaPlace):
    """A host with Nova's folder, and Nova's configuration."""

    def setUp(self):
        super().setUp()
        self.lockutils = Lockutils()
        package = types.ModuleType('oslo_concurrency')
        package.lockutils = self.lockutils
        for module in package, self.lockutils:
            self.assertNotIn(module.__name__, sys.modules)
            sys.modules[module.__name__] = module
            self.addCleanup(sys.modules.pop, module.__name__)
        self.conf = nova_options(self.instances)
        self.now = THEN

    def clock(self):
        return self.now

    def lay(self, name, age=datetime.timedelta(days=5), size=4096):
        """Lay a file among the images that was touched so long ago."""
        self.file(name).write_bytes(b'\0' * size)
        then = (utc_now() - age).timestamp()
        os.utime(self.file(name), (then, then))
        return self.file(name)


class Api:
    """Nova's image API with one image."""

    def __init__(self, image_id, data, **said):
        self.image_id = image_id
        self.data = data
        self.said = said
        self.asked = []

    def get(self, context, image_id):
        self.asked.append((context, image_id))
        sha512 = hashlib.sha512(self.data).hexdigest()
        return {
            'id': self.image_id,
            'name': 'debian',
            'status': 'active',
            'size': len(self.data),
            'disk_format': 'raw',
            'container_format': 'bare',
            'min_disk': 0,
            'checksum': None,
            'os_hash_algo': 'sha512',
            'os_hash_value': sha512,
            'properties': {'hw_disk_bus': 'scsi'},
        } | self.said

    def download(self, context, image_id):
        self.asked.append('bytes')
        middle = len(self.data) // 2
        return iter([self.data[:middle], self.data[middle:]])
