"""Nova's own API asked for images, where its VMware driver is ours."""

import json
import os
import pathlib
import subprocess
import sys

from tests.functional.vcenter.ours import BASE
from tests.functional.vcenter.ours import list_folder
from vcenter_simulator.scenario import Scenario
from vcenter_simulator.simulator import Simulator

ROOT = pathlib.Path(__file__).parents[3]
PROGRAM = 'tests.functional.nova.vmware_api'
# Of those that Nova's tests have in their image service.
IMAGE = '155d900f-4e14-4e4c-a73d-069cbf4541e6'


def request_twice(vcenter):
    """Tell how often bytes were asked for by then, and what is logged."""
    login = vcenter.port, vcenter.username, vcenter.password, vcenter.ca_file
    done = subprocess.run(  # noqa: S603 -- ours
        [sys.executable, '-m', PROGRAM, *map(str, login)],
        env=os.environ | {'OS_NOVA_DISABLE_EVENTLET_PATCHING': 'true'},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr[-5000:]
    return json.loads(done.stdout), done.stderr[-5000:]


def test_image_that_a_user_asks_the_api_for():
    with Simulator(scenario=Scenario(datastores=1), tls=True) as vcenter:
        # Images are uploaded to it: it takes a host's name for its address.
        [host, *_] = vcenter.estate.cluster.hosts
        host.properties['name'] = 'localhost'
        fetched, log = request_twice(vcenter)
        # Who asks again has it there already.
        assert fetched, log
        assert fetched[0] == fetched[1] > 0, log
        assert f'{IMAGE}.vmdk' in list_folder(vcenter, f'{BASE}/{IMAGE}')
