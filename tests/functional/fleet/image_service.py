"""An image service that counts who fetches at once, and has them wait."""

import threading

from tests.sources.lying_server import LyingServer


class CountingService(LyingServer):
    """``most`` is the largest number of hosts that fetched at once.

    Each is kept waiting until ``gate`` is open; ``fetches`` counts them.
    """

    def __init__(self):
        super().__init__()
        self.gate = threading.Event()
        self.at_it = self.most = self.fetches = 0
        self._lock = threading.Lock()
        service = self

        class Counted(self._server.RequestHandlerClass):
            def send_image(self, fault):
                service.count(+1)
                try:
                    service.gate.wait(60)
                    super().send_image(fault)
                finally:
                    service.count(-1)

        self._server.RequestHandlerClass = Counted

    def __exit__(self, *ignored):
        self.gate.set()
        super().__exit__()

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
