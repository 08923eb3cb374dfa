"""Moving: what Nova does with servers that are there, as orders to it.

Its monkey patches must be there before this is imported.
"""

from nova.tests.functional import integrated_helpers


class MovingCloud(integrated_helpers._IntegratedTestBase):
    """The orders, by their names."""

    def do_shelve(self, server: str) -> str:
        """Have it shelved, and tell the id of its snapshot."""
        self.flags(shelved_offload_time=0)
        self._shelve_server({'id': server})
        [found] = [
            one['id']
            for one in self.glance.detail(None)
            if one['name'].endswith('-shelved')
        ]
        return str(found)

    def do_unshelve(self, server: str) -> str:
        found = self._unshelve_server({'id': server})
        return str(found['OS-EXT-SRV-ATTR:host'])

    def do_rebuild(self, server: str, image: str) -> str:
        found = self._rebuild_server({'id': server}, image)
        return str(found['OS-EXT-SRV-ATTR:host'])

    def do_evacuate(self, server: str, host: str) -> str:
        """Have it leave a host that is said to be down."""
        [service] = self.api.get_services(host=host, binary='nova-compute')
        self.api.put_service_force_down(service['id'], True)
        found = self._evacuate_server({'id': server})
        # Only who was started anew may be up again.
        compute = self.restart_compute_service(self.computes[host])
        self.computes[host] = compute
        self.api.put_service_force_down(service['id'], False)
        return str(found['OS-EXT-SRV-ATTR:host'])

    def do_migrate(self, server: str, host: str) -> str:
        self._migrate_server({'id': server})
        found = self._confirm_resize({'id': server})
        return str(found['OS-EXT-SRV-ATTR:host'])

    def do_live_migrate(self, server: str, host: str) -> str:
        found = self._live_migrate({'id': server})
        return str(found['OS-EXT-SRV-ATTR:host'])
