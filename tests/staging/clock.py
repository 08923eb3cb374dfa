"""A clock that only goes on while somebody sleeps."""

from imagecache_handlers.clocks import Clocks


class Ticks:
    def __init__(self):
        self.at = 1000.0
        self.slept = 0.0

    def monotonic(self):
        return self.at

    def sleep(self, seconds):
        assert seconds >= 0
        self.at += seconds
        self.slept += seconds

    @property
    def clocks(self):
        return Clocks(monotonic=self.monotonic, sleep=self.sleep)
