"""Bucket: how many bytes a second come in, over all stages together."""

import threading

from imagecache_handlers.clocks import Clocks

# Seconds whose bytes may come at once after a pause.
_BURST = 0.05


class Bucket:
    """Tokens for bytes, ``rate`` of them a second; 0: as many as come.

    Threads share one.  Who takes more than there is goes into debt and
    waits until that is paid, so that pieces of any size pass.
    """

    def __init__(self, rate: int, clocks: Clocks | None = None) -> None:
        if rate < 0:
            raise ValueError(f'rate {rate} must be 0 bytes a second or more')
        self._rate = rate
        self._clocks = clocks or Clocks()
        self._lock = threading.Lock()
        self._paid_until = self._clocks.monotonic()

    def take(self, count: int) -> float:
        """Take tokens; tell how many seconds to wait before more is read."""
        if not self._rate:
            return 0.0
        with self._lock:
            now = self._clocks.monotonic()
            since = max(self._paid_until, now - _BURST)
            self._paid_until = since + count / self._rate
            return max(0.0, self._paid_until - now)
