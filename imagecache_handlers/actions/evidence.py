"""Evidence: the control plane, asked again once its answer has aged."""

from collections.abc import Callable
import logging
import threading

from imagecache_handlers.actions.guard import call_safely
from imagecache_handlers.clocks import Clocks
from imagecache_handlers.exceptions import CacheError
from imagecache_handlers.model import Evidence
from imagecache_handlers.planning.rules import Rules

LOG = logging.getLogger(__name__)

Ask = Callable[[], Evidence]


class CurrentEvidence:
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

    def get(self) -> Evidence:
        with self._lock:
            known = self._evidence
            if known is None or self._has_aged(known):
                self._evidence = known = self._ask_again(known)
            return known

    def _has_aged(self, evidence: Evidence) -> bool:
        return not self._rules.is_fresh(evidence, self._clocks.now())

    def _ask_again(self, known: Evidence | None) -> Evidence:
        try:
            return call_safely(self._ask)
        except CacheError as error:
            # Who was named before may well be there still.
            LOG.warning('The control plane cannot be asked: %s', error)
            users = known.users if known else {}
            return Evidence(users=users, as_of=self._clocks.now())
