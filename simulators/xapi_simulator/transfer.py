"""``PUT /import_raw_vdi``: the bytes of a disk, whose fate is in a task."""

from collections.abc import Iterator
import contextlib
import hashlib
import io
import tarfile

from xapi_simulator import chains
from xapi_simulator.errors import XapiError
from xapi_simulator.storage import META
from xapi_simulator.upload_request import Refused
from xapi_simulator.upload_request import Request
from xapi_simulator.values import NULL
from xapi_simulator.world import World

FORMATS = 'raw', 'vhd', 'tar'

_BLOCK = 64 * 1024
_PERCENT = 0.01
_TAR_BLOCK = 2**20
_VHD_COOKIE = b'conectix'
_VHD_SIZE = slice(48, 56)


class Upload:
    """One disk on its way in.

    :raises XapiError: what does not fit is told to the task, too.
    """

    def __init__(self, world: World, request: Request, host: str) -> None:
        self._world = world
        self._request = request
        self._host = host
        self.task = request.fields.get('task_id', NULL)
        self._hash = hashlib.sha256()
        self._shown = 0.0
        with self._told():
            self._format = self._checked_format()
            self._vdi = self._find()
        self._row = world.records.get('VDI', self._vdi)
        self._disk = world.disks[self._row['SR']]

    def _checked_format(self) -> str:
        kind = self._request.fields.get('format', 'raw')
        if kind not in FORMATS:
            why = f'Unknown format {kind}'
            self._fail(XapiError('INTERNAL_ERROR', why))
            raise Refused(404, why)
        chunked = self._request.fields.get('chunked')
        encoding = self._request.encoding or chunked
        if encoding is not None:
            why = f'import code cannot handle encoding: {encoding}'
            self._fail(XapiError('INTERNAL_ERROR', why))
            raise Refused(404, why)
        if self._request.length is None:
            raise XapiError('INTERNAL_ERROR', 'no Content-Length')
        return kind

    def _find(self) -> str:
        fields = self._request.fields
        if 'vdi' in fields:
            return self._of('VDI', fields['vdi'])
        for name in 'sr_id', 'sr_uuid':
            if name in fields:
                sr = self._of('SR', fields[name])
                size = self._request.length or 0
                label = {'name_label': 'Imported VDI'}
                return chains.create(self._world, sr, size, label)
        raise XapiError('HANDLE_INVALID', 'VDI', '')

    def _of(self, cls: str, name: str) -> str:
        records = self._world.records
        if records.find(cls, name) is not None:
            return name
        if records.has_uuid(cls, name):
            return records.by_uuid(cls, name)
        raise XapiError('HANDLE_INVALID', cls, name)

    def redirect(self) -> str | None:
        """Give the host to go to instead, if this one cannot see the SR."""
        hosts = self._world.seen_by(self._row['SR'])
        if self._host in hosts:
            return None
        with self._told():
            if not hosts:
                raise XapiError('SR_HAS_NO_PBDS', self._row['SR'])
        return hosts[0]

    @contextlib.contextmanager
    def attached(self) -> Iterator[None]:
        """Attach the disk to the control domain while bytes come in."""
        records = self._world.records
        with contextlib.ExitStack() as stack:
            with self._told(), records.lock:
                row = records.get('VDI', self._vdi)
                if any(
                    records.get('VBD', one)['currently_attached']
                    for one in row['VBDs']
                ):
                    raise XapiError('VDI_IN_USE', self._vdi, 'attach')
                stack.enter_context(
                    self._world.held(self._vdi, self._host, 'RW')
                )
            yield

    def take(self, file: io.BufferedIOBase) -> None:
        """Read the body to its end, or to what is wrong with it."""
        body = _Body(file, self._request.length or 0)
        try:
            used = self._read(body)
            chains.write(self._world, self._vdi, META + used)
        except (XapiError, OSError, tarfile.TarError) as error:
            if not isinstance(error, XapiError):
                error = XapiError('VDI_IO_ERROR', 'Device I/O errors')
            self._fail(error)
            return
        self._disk.volumes[self._row['uuid']].content = self._hash.hexdigest()
        result = '' if 'vdi' in self._request.fields else self._vdi
        value = f'<value>{result}</value>' if result else ''
        self._world.tasks.succeed(self.task, value)

    def _read(self, body: '_Body') -> int:
        if self._format == 'tar':
            return self._read_tar(body)
        limit = self._row['virtual_size']
        used = at = 0
        for block in self._blocks(body):
            if at == 0 and self._format == 'vhd':
                limit = body.size
                self._check_vhd(block)
            at += len(block)
            if at > limit:
                raise XapiError('VDI_IO_ERROR', 'Device I/O errors')
            used += len(block) if any(block) else 0
        return used

    def _blocks(self, body: '_Body') -> Iterator[bytes]:
        while block := body.read(_BLOCK):
            self._world.tasks.check(self.task)
            self._show_progress(1 - body.left / body.size)
            self._hash.update(block)
            yield block

    def _show_progress(self, done: float) -> None:
        if done - self._shown >= _PERCENT:
            self._shown = done
            self._world.tasks.progress(self.task, done)

    def _check_vhd(self, first: bytes) -> None:
        """Read the copy of the footer that a dynamic VHD begins with."""
        size = int.from_bytes(first[_VHD_SIZE], 'big')
        fits = 0 < size <= self._row['virtual_size']
        if not first.startswith(_VHD_COOKIE) or not fits:
            raise XapiError('VDI_IO_ERROR', 'Device I/O errors')

    def _read_tar(self, body: '_Body') -> int:
        """Read blocks of a megabyte, each a file named by its number."""
        used = 0
        with tarfile.open(fileobj=body, mode='r|') as archive:
            for member in archive:
                self._world.tasks.check(self.task)
                name = member.name.rpartition('/')[2]
                if not member.isreg() or not name.isdigit():
                    continue
                end = int(name) * _TAR_BLOCK + member.size
                if end > self._row['virtual_size']:
                    raise XapiError('VDI_IO_ERROR', 'Device I/O errors')
                used += member.size
        return used

    @contextlib.contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except XapiError as error:
            self._fail(error)
            raise

    def _fail(self, error: XapiError) -> None:
        self._world.tasks.fail(self.task, error)


class _Body(io.BufferedIOBase):
    """What a request has in its body: no byte more, and never fewer."""

    def __init__(self, file: io.BufferedIOBase, size: int) -> None:
        self._file = file
        self.size = self.left = size

    def read(self, size: int | None = -1) -> bytes:
        wanted = min(_BLOCK if size is None or size < 0 else size, self.left)
        data = self._file.read(wanted) if wanted else b''
        if len(data) < wanted:
            raise OSError('the body ended early')
        self.left -= len(data)
        return data
