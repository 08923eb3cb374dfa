"""Mounts, loop devices and servers of a world, all ended with it.

To be used where mounts are nobody else's: see ``apart``.
"""

import contextlib
import ctypes
import os
import pathlib
import shutil
import socket
import subprocess
import time

_PATIENCE = 60  # seconds
_NEW_NAMES = 0x04000000  # unshare(2)


def run(*command):
    done = subprocess.run(  # noqa: S603 -- the real program is the point
        [*map(os.fsencode, command)],
        capture_output=True,
        timeout=_PATIENCE,
        check=False,
    )
    if done.returncode:
        raise OSError(f'{command}: {done.stderr.decode(errors="replace")}')
    return done.stdout.decode().strip()


def _mount(world, target, *command):
    target.mkdir(exist_ok=True)
    run('mount', *command, target)
    world.cleaning.callback(run, 'umount', '--lazy', target)
    return target


def bind(world, folder, target):
    return _mount(world, target, '--bind', folder)


@contextlib.contextmanager
def away(folder, target):
    """Have a folder not be mounted, for a while, where it was."""
    run('umount', '--lazy', target)
    try:
        yield
    finally:
        run('mount', '--bind', folder, target)


def tmpfs(world, target):
    return _mount(world, target, '-t', 'tmpfs', 'world')


def layered(world, folder, target):
    """Show a folder, and the files in it, under another device number."""
    empty = world.outside / f'empty-{world.number()}'
    empty.mkdir()
    layers = f'lowerdir={folder}:{empty}'
    return _mount(world, target, '-t', 'overlay', '-o', layers, 'world')


def fuse(world, folder, target):
    """Show a folder under another device number, as bindfs does."""
    target.mkdir(exist_ok=True)
    bindfs = shutil.which('bindfs') or 'bindfs'
    server = subprocess.Popen(  # noqa: S603 -- the real program
        [bindfs, '-f', str(folder), str(target)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    world.cleaning.callback(_end, server)
    _wait(lambda: os.path.ismount(target), server)
    world.cleaning.callback(run, 'umount', '--lazy', target)
    return target


def be_host(name):
    """Be another host from now on, to whoever asks for its name."""
    if ctypes.CDLL(None, use_errno=True).unshare(_NEW_NAMES):
        raise OSError(ctypes.get_errno(), 'unshare')
    socket.sethostname(name)


def loop(world, file, *options):
    """Make a device of blocks of a file; nothing names it but the kernel."""
    device = run('losetup', *options, '--find', '--show', file)
    world.cleaning.callback(run, 'losetup', '--detach', device)
    return pathlib.Path(device)


def serve(world, path, form, *options):
    """Have qemu-nbd hold a disk open; give the socket."""
    place = world.scratch / f's{world.number()}'
    program = shutil.which('qemu-nbd') or 'qemu-nbd'
    server = subprocess.Popen(  # noqa: S603 -- the real program
        [program, '-f', form, '-t', '-k', str(place), *options, str(path)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    world.cleaning.callback(_end, server)
    _wait(lambda: _listens(place), server)
    return place


def _listens(place):
    with socket.socket(socket.AF_UNIX) as client:
        return client.connect_ex(str(place)) == 0


def _wait(is_ready, server):
    end = time.monotonic() + _PATIENCE
    while not is_ready():
        if server.poll() is not None or time.monotonic() > end:
            raise OSError(f'{server.args} did not begin')
        time.sleep(0.005)


def _end(server):
    server.kill()
    server.wait()
