"""Shell: what it takes one to fetch a file, and random files to fetch."""

import hashlib
import os
import subprocess

MIB = 2**20
SHELL = 'curl -sS "$0" | tee "$1" | sha512sum >"$1.sum" && sync "$1"'


def fetch_by_shell(url: str, target: str) -> None:
    """Fetch, hash and sync, as plainly as a shell can."""
    command = ['sh', '-c', SHELL, url, target]
    subprocess.run(command, check=True)  # noqa: S603


def write_random(path: str, size: int) -> str:
    """Write so many random bytes; give their sha512."""
    sha512 = hashlib.sha512()
    with open(path, 'wb') as file:
        for _ in range(size // MIB):
            piece = os.urandom(MIB)
            sha512.update(piece)
            file.write(piece)
        file.flush()
        os.fsync(file.fileno())
    return sha512.hexdigest()
