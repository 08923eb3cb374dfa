"""VMware API: images by the request of a user, for a host with our driver.

A program, ``PORT USER PASSWORD CERTIFICATE`` of a vCenter.  Nova's own tests
have all but vCenter for it: API, conductor, scheduler, placement, databases.
It tells, as JSON, how often the image's bytes were asked for after each of two
requests.
"""

import json
import os
import sys
from typing import Any
from typing import ClassVar
import unittest

from tests.functional.nova.patching import patch_nova

# Before all else of Nova, as its own services do.
patch_nova()

import fixtures  # noqa: E402
from nova import objects  # noqa: E402
from nova.tests import fixtures as nova_fixtures  # noqa: E402
from nova.tests.functional import integrated_helpers  # noqa: E402
from urllib3 import connection  # noqa: E402
from urllib3 import connectionpool  # noqa: E402

from imagecache_handlers.frontends.nova import launching  # noqa: E402
from tests.functional.nova.vmware_images import ImageService  # noqa: E402
from tests.functional.nova.vmware_images import make_image  # noqa: E402

_PASTE = os.path.join(sys.prefix, 'etc', 'nova', 'api-paste.ini')
# Of those that Nova's tests have in their image service.
IMAGE = '155d900f-4e14-4e4c-a73d-069cbf4541e6'
FLAT = {'vmware_disktype': 'preallocated'}
PORT, USER, PASSWORD, CERTIFICATE = sys.argv[1:5]


class Bare(fixtures.Fixture):
    """Does nothing."""


def speak_https() -> None:
    """Speak to a vCenter: Nova's tests answer for it, and for all others."""
    pool = connectionpool.HTTPSConnectionPool
    pool.ConnectionCls = connection.HTTPSConnection


class Requests(integrated_helpers._IntegratedTestBase):
    """One host, whose driver is ours."""

    ADMIN_API = True
    microversion = 'latest'
    told: ClassVar[list[int]] = []

    def setUp(self) -> None:
        launching.add_drivers()
        # It would make errors of what newer libraries warn of.
        self.useFixture(
            fixtures.MockPatchObject(nova_fixtures, 'WarningsFixture', Bare)
        )
        self.flags(api_paste_config=_PASTE, group='wsgi')
        super().setUp()

    def _setup_compute_service(self) -> Any:
        self.flags(compute_driver='imagecache_vmware.VMwareVCDriver')
        self.flags(
            host_ip='127.0.0.1',
            host_port=int(PORT),
            host_username=USER,
            host_password=PASSWORD,
            cluster_name='cluster-0',
            ca_file=CERTIFICATE,
            task_poll_interval=0.01,
            cache_prefix='vmware',
            group='vmware',
        )
        speak_https()
        return self._start_compute('compute1')

    def runTest(self) -> None:
        speak_https()
        api = ImageService(IMAGE, make_image(FLAT, 1 << 20), FLAT)
        self.compute.driver.image_api = lambda: api
        name = self.api.post_aggregate({'aggregate': {'name': 'all'}})['id']
        self.api.add_host_to_aggregate(name, 'compute1')
        for _ in range(2):
            self.api.api_post(
                f'/os-aggregates/{name}/images', {'cache': [{'id': IMAGE}]}
            )
            self.told.append(api.downloads)


def main() -> None:
    objects.register_all()
    # What Nova's tests log is no result.
    out = os.fdopen(os.dup(1), 'w')
    os.dup2(2, 1)
    found = unittest.TestResult()
    Requests().run(found)
    for _, text in found.errors + found.failures:
        sys.stderr.write(text)
    print(json.dumps(Requests.told), file=out)


if __name__ == '__main__':
    main()
