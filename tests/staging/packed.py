"""Packed VHDs: tar.gz of disks as Nova's plug-in makes them, and others."""

import io
import pathlib
import subprocess
import tarfile


def make_vhd(folder: pathlib.Path, raw: bytes) -> bytes:
    """Make a dynamic VHD of a disk."""
    (folder / 'raw').write_bytes(raw)
    command = ['qemu-img', 'convert', '-f', 'raw', '-O', 'vpc']
    command += ['-o', 'subformat=dynamic,force_size=on', 'raw', 'vhd']
    subprocess.run(command, cwd=folder, check=True)  # noqa: S603
    return (folder / 'vhd').read_bytes()


def make_child(vhd: bytes) -> bytes:
    """Have a VHD say that it is the child of another one."""
    kind = (4).to_bytes(4, 'big')
    end = len(vhd) - 512
    return vhd[:60] + kind + vhd[64 : end + 60] + kind + vhd[end + 64 :]


def pack(*members: tuple[str, bytes], dot: bool = True, **more) -> bytes:
    """Pack files, after the folder that they were in."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode='w:gz', **more) as made:
        if dot:
            folder = tarfile.TarInfo('.')
            folder.type = tarfile.DIRTYPE
            made.addfile(folder)
        for name, content in members:
            entry = tarfile.TarInfo(f'./{name}' if dot else name)
            entry.size = len(content)
            made.addfile(entry, io.BytesIO(content))
    return file.getvalue()
