"""An image service that counts who fetches at once, and has them wait."""

import threading

from tests.sources.lying_server import ImageConnection
from tests.sources.lying_server import LyingServer


class _Counted(ImageConnection):
    def send_image(self, fault):
        service = self.world
        service.count(+1)
        try:
            service.gate.wait(60)
            super().send_image(fault)
        finally:
            service.count(-1)


class CountingService(LyingServer):
    """``most`` is the largest number of hosts that fetched at once.

    Each is kept waiting until ``gate`` is open; ``fetches`` counts them.
    """

    connection = _Counted

    def __init__(self):
        self.gate = threading.Event()
        self.at_it = self.most = self.fetches = 0
        self._lock = threading.Lock()
        super().__init__()

    def stop(self):
        self.gate.set()
        super().stop()

    def count(self, step):
        with self._lock:
            self.at_it += step
            self.fetches += step > 0
            self.most = max(self.most, self.at_it)

    @property
    def options(self):
        return {
            'imagecache_glance': {
                'auth_type': 'none',
                'endpoint': self.url,
                'timeout_seconds': 60,
            }
        }
