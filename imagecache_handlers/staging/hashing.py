"""Hashing: what bytes hash to, while they come, in threads of their own."""

from collections.abc import Iterable
import hashlib
import queue
import threading

SHA256 = 'sha256'
# Pieces that wait for a hash: whoever is faster waits for it.
_MOST = 16


class Hashes:
    """Several hashes of one stream of bytes."""

    def __init__(self, algorithms: Iterable[str]) -> None:
        self._workers = [_Worker(one) for one in sorted(set(algorithms))]

    def feed(self, piece: bytes) -> None:
        """Have the next bytes hashed; they are not to change any more."""
        for worker in self._workers:
            worker.feed(piece)

    def results(self) -> dict[str, str]:
        """Give the hashes of all that was fed, in hex, by algorithm."""
        self.end()
        return {one.algorithm: one.digest() for one in self._workers}

    def end(self) -> None:
        """Let the threads go; again is fine."""
        for worker in self._workers:
            worker.end()


class _Worker:
    """One hash in its thread."""

    def __init__(self, algorithm: str) -> None:
        self.algorithm = algorithm
        self._hash = hashlib.new(algorithm, usedforsecurity=False)
        self._pieces = queue.Queue[bytes | None](_MOST)
        self._thread = threading.Thread(
            target=self._work, name=f'imagecache {algorithm}', daemon=True
        )
        self._thread.start()

    def feed(self, piece: bytes) -> None:
        self._pieces.put(piece)

    def end(self) -> None:
        if self._thread.is_alive():
            self._pieces.put(None)
            self._thread.join()

    def digest(self) -> str:
        return self._hash.hexdigest()

    def _work(self) -> None:
        while (piece := self._pieces.get()) is not None:
            self._hash.update(piece)


def hash_pieces(pieces: Iterable[bytes]) -> str:
    """Give the sha256 of a stream of bytes."""
    hashes = Hashes({SHA256})
    try:
        for piece in pieces:
            hashes.feed(piece)
    finally:
        hashes.end()
    return hashes.results()[SHA256]
