"""Measuring: xapi is asked how full SRs are, before that is read."""

from collections.abc import Iterable
import logging

from imagecache_handlers.transport.errors import CallError
from imagecache_handlers_xenapi.port.port import Port
from imagecache_handlers_xenapi.storage_repositories import Repository

LOG = logging.getLogger(__name__)


class Measuring:
    """Has SRs measured, and tells once of each that cannot be."""

    def __init__(self, port: Port) -> None:
        self._port = port
        self._told: set[str] = set()

    def measure_srs(self, repositories: Iterable[Repository]) -> None:
        """Have SRs measured; where xapi cannot, the last sizes will do."""
        for one in repositories:
            if one.store.problem is None:
                try:
                    self._port.call('SR.update', one.ref)
                except CallError as error:
                    self._tell_once(one.store.name, error)

    def _tell_once(self, store: str, error: CallError) -> None:
        if store not in self._told:
            self._told.add(store)
            LOG.warning('The size of %s may be old: %s', store, error)
