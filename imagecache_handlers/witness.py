"""The control plane, asked again once its answer has aged."""

from collections.abc import Callable
import logging
import threading

from imagecache_handlers.exceptions import CacheError
from imagecache_handlers.guard import guarded
from imagecache_handlers.model import Evidence
from imagecache_handlers.rules import Rules
from imagecache_handlers.timing import Clocks

LOG = logging.getLogger(__name__)

Ask = Callable[[], Evidence]


class Witness:
    """Gives evidence that is fresh, or else says that it is not complete."""

    def __init__(
        self,
        ask: Ask,
        rules: Rules,
        clocks: Clocks,
        evidence: Evidence | None = None,
    ) -> None:
        self._ask = ask
        self._rules = rules
        self._clocks = clocks
        self._evidence = evidence
        self._lock = threading.Lock()

    def testify(self) -> Evidence:
        with self._lock:
            known = self._evidence
            if known is None or self._aged(known):
                self._evidence = known = self._again(known)
            return known

    def _aged(self, evidence: Evidence) -> bool:
        return not self._rules.fresh(evidence, self._clocks.now())

    def _again(self, known: Evidence | None) -> Evidence:
        try:
            return guarded(self._ask)
        except CacheError as error:
            # Who was named before may well be there still.
            LOG.warning('The control plane cannot be asked: %s', error)
            users = known.users if known else {}
            return Evidence(users=users, as_of=self._clocks.now())
