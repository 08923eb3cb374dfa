"""Hosting: what ``hosts`` and its kin promise, where they are declared."""

from imagecache_handlers.model import Host
from imagecache_handlers.testing.conformance.examining import Examining
from imagecache_handlers.testing.conformance.examining import promise


class Hosting(Examining):
    """``record_host``, ``hosts``, ``forget_host`` and ``accept_host``."""

    def _on_record(self, store: str) -> list[Host]:
        found = list(self._connect().hosts(store))
        for host in found:
            self.assertEqual(store, host.store)
        self.assertEqual(len(found), len({host.name for host in found}))
        return [host for host in found if host.as_of is not None]

    @promise('hosts')
    def test_a_host_is_on_record_once(self) -> None:
        self.assertEqual([], self._on_record(self.store()))
        self._connect().record_host(self.store())
        first = self._on_record(self.store())
        self._connect().record_host(self.store())
        self.assertEqual(first, self._on_record(self.store()))
        # What looks at nothing may be on no record.
        self.assertEqual([True] * len(first), [host.is_this for host in first])
        for store in self._stores()[1:]:
            self.assertEqual([], self._on_record(store))

    @promise('forget_host')
    def test_a_host_that_is_forgotten_is_gone_until_it_comes_back(
        self,
    ) -> None:
        handler, store = self._connect(), self.store()
        handler.record_host(store)
        before = self._on_record(store)
        self.assertFalse(handler.forget_host(store, '../nobody'))
        self.assertEqual(before, self._on_record(store))
        for host in before:
            self.assertTrue(handler.forget_host(store, host.name))
            self.assertFalse(handler.forget_host(store, host.name))
        self.assertEqual([], self._on_record(store))
        handler.record_host(store)
        self.assertEqual(len(before), len(self._on_record(store)))

    @promise('accept_host')
    def test_what_is_accepted_blocks_no_more(self) -> None:
        handler, store = self._connect(), self.store()
        handler.record_host(store)
        handler.accept_host(store)
        for host in handler.hosts(store):
            self.assertTrue(host.is_this)
            self.assertIsNone(host.blocks)
