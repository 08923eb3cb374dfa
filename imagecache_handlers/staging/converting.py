"""Converting: one format of disk into another, by a qemu-img in bounds."""

from collections.abc import Mapping
import dataclasses
import errno
import os
import shutil
import signal
import subprocess
import tempfile

from imagecache_handlers.clocks import Clocks
from imagecache_handlers.directory.system.descriptors import closing
from imagecache_handlers.directory.system import safe_open
from imagecache_handlers.exceptions import CacheError
from imagecache_handlers.exceptions import ConfigurationError
from imagecache_handlers.exceptions import Unsupported
from imagecache_handlers.model import ImageMeta
from imagecache_handlers.staging.limits import Limits
from imagecache_handlers.staging.made_disk import check_made
from imagecache_handlers.staging.stopping import check_stop
from imagecache_handlers.staging.stopping import ShouldStop
from imagecache_handlers.staging import troubles

# What is needed, and the Debian package that has it.
_PROGRAMS = {
    'qemu-img': 'qemu-utils',
    'prlimit': 'util-linux',
    'setpriv': 'util-linux',
}
_PAUSE = 0.1
_MOST_SAID = 300
# Tables and headers that a format adds to the disk, at the very most.
_OVERHEAD = 256 * 2**20
_SPARSE = 'monolithicSparse'
_STREAM = 'streamOptimized'
_FLAT = 'monolithicFlat'
_DISK_TYPES = {
    'monolithicSparse': 'sparse',
    'streamOptimized': 'streamOptimized',
    'monolithicFlat': 'preallocated',
}
_ADAPTERS = {'ide': 'ide', 'busLogic': 'buslogic'}
_QEMU_NAMES = {'vhd': 'vpc', 'iso': 'raw', 'gpt': 'raw'}


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What qemu-img is to make, and what is to be known of it afterwards."""

    disk_format: str
    qemu_format: str
    options: str = ''
    properties: Mapping[str, str] = dataclasses.field(default_factory=dict)


_TARGETS = {
    'raw': Target(disk_format='raw', qemu_format='raw'),
    'qcow2': Target(disk_format='qcow2', qemu_format='qcow2'),
    # With the size of the disk: else it is rounded up to whole cylinders.
    'vhd': Target(
        disk_format='vhd',
        qemu_format='vpc',
        options='subformat=dynamic,force_size=on',
    ),
    'vhdx': Target(
        disk_format='vhdx', qemu_format='vhdx', options='subformat=dynamic'
    ),
    'vdi': Target(disk_format='vdi', qemu_format='vdi'),
}


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Conversion:
    """One call of qemu-img, from one file of a folder to another."""

    image_id: str
    folder: str
    folder_fd: int
    source: str
    source_format: str
    made: str
    target: Target
    virtual_size: int
    limits: Limits
    clocks: Clocks
    should_stop: ShouldStop

    def run(self) -> None:
        """Make the file, whole or not at all.

        :raises Unsupported: when it cannot be converted in these bounds, or
            what comes out of it is not that disk, or begins as another one.
        :raises NoRoom: when the disk is full.
        :raises Stopped: when it is not to go on.
        :raises ConfigurationError: when a program is missing.
        """
        command = [*_bound_command(self), *self._convert_command()]
        with tempfile.TemporaryFile() as said:
            with subprocess.Popen(  # noqa: S603 -- no shell, names are ours
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=said,
                # By its descriptor: its name may lead elsewhere by now.
                cwd=f'/proc/self/fd/{self.folder_fd}',
                env={'LC_ALL': 'C', 'PATH': os.environ.get('PATH', '')},
            ) as child:
                try:
                    self._wait(child)
                finally:
                    child.kill()
            if child.returncode:
                said.seek(0)
                raise self._explain(child.returncode, said.read(2**16))
        self._check_made()

    def _convert_command(self) -> list[str]:
        options = self.target.options
        return [
            *('qemu-img', 'convert', '-O', self.target.qemu_format),
            *(('-o', options) if options else ()),
            *('--image-opts', self._describe_source()),
            f'./{self.made}',
        ]

    def _describe_source(self) -> str:
        driver = _QEMU_NAMES.get(self.source_format, self.source_format)
        options = [f'driver={driver}', f'file.filename=./{self.source}']
        if driver == 'vpc':
            # By its geometry, which it goes by for most, the end is cut off.
            options.append('force_size_calc=current_size')
        return ','.join(['file.driver=file', *options])

    def _check_made(self) -> None:
        """Refuse what it made, unless it is that disk and nothing else."""
        fd = safe_open.open_file(self.folder_fd, self.made, os.O_RDONLY)
        with closing(fd), open(fd, 'rb', closefd=False) as file:
            meta = ImageMeta(
                image_id=self.image_id,
                size=os.fstat(fd).st_size,
                disk_format=self.target.disk_format,
                properties=self.target.properties,
            )
            try:
                check_made(file, meta, self.virtual_size)
            except Unsupported as error:
                raise self._refuse(error.why) from error

    def _wait(self, child: subprocess.Popen[bytes]) -> None:
        end = self.clocks.monotonic() + self.limits.conversion_seconds
        while True:
            check_stop(self.should_stop, self.image_id)
            try:
                child.wait(_PAUSE)
            except subprocess.TimeoutExpired:
                if self.clocks.monotonic() > end:
                    raise self._refuse(
                        f'it took over {self.limits.conversion_seconds:,.0f} s'
                    ) from None
            else:
                return

    def _explain(self, code: int, said: bytes) -> CacheError:
        text = _make_printable(said)
        if os.strerror(errno.ENOSPC) in text:
            full = OSError(errno.ENOSPC, text)
            return troubles.explain_full(
                self.folder, self.image_id, self.virtual_size, full
            )
        if code == -signal.SIGXCPU:
            return self._refuse(
                f'it took over {self.limits.cpu_seconds:,} s of CPU time'
            )
        return self._refuse(text or f'qemu-img ended with {code}')

    def _refuse(self, why: str) -> Unsupported:
        form = self.target.disk_format
        return Unsupported(
            self.image_id, f'it cannot be converted to {form}: {why}'
        )


def find_target(
    image_id: str,
    disk_format: str,
    subformat: str = '',
    properties: Mapping[str, str] | None = None,
) -> Target:
    """Give what is to be made for a format, as the image service calls it.

    :raises Unsupported: when nothing makes that.
    """
    if disk_format == 'vmdk':
        kind = subformat or _SPARSE
        if kind in _DISK_TYPES:
            return _make_vmdk(kind, properties or {})
    elif disk_format in _TARGETS and not subformat:
        return _TARGETS[disk_format]
    wanted = f'{disk_format} {subformat}'.strip()
    raise Unsupported(image_id, f'nothing makes {wanted} of it')


def _make_vmdk(kind: str, properties: Mapping[str, str]) -> Target:
    known = {'vmware_disktype': _DISK_TYPES[kind]}
    if kind == _FLAT:
        # Its one file with content is the disk as it is; who keeps it
        # writes the descriptor.
        return Target(disk_format='vmdk', qemu_format='raw', properties=known)
    wanted = properties.get('vmware_adaptertype', '')
    adapter = _ADAPTERS.get(wanted, 'lsilogic')
    return Target(
        disk_format='vmdk',
        qemu_format='vmdk',
        options=f'subformat={kind},adapter_type={adapter}',
        properties=known,
    )


def _bound_command(conversion: Conversion) -> list[str]:
    """Give what starts a program in bounds, and ends it with us.

    No function of ours runs between fork and exec, for there are threads.
    """
    _check_programs()
    limits = conversion.limits
    largest = conversion.virtual_size * 9 // 8 + _OVERHEAD
    return [
        'prlimit',
        f'--as={limits.memory}',
        f'--cpu={limits.cpu_seconds}:{limits.cpu_seconds + 5}',
        f'--fsize={largest}',
        '--core=0',
        *('setpriv', '--pdeathsig', 'KILL', '--'),
    ]


def _check_programs() -> None:
    for program, package in _PROGRAMS.items():
        if shutil.which(program) is None:
            raise ConfigurationError(
                f'images cannot be converted without {program}: install '
                f'the package {package}'
            )


def _make_printable(said: bytes) -> str:
    text = ' '.join(said.decode(errors='replace').split())
    shown = ''.join(one if one.isprintable() else '?' for one in text)
    return shown[:_MOST_SAID]
