"""pyvmomi, the vendor's client, does the whole script on ours."""

import pytest
from pyVim.task import WaitForTask
from pyVmomi import vim
from pyVmomi import VmomiSupport

from tests.functional.vcenter.ours import PASSWORD
from tests.functional.vcenter.ours import USER
from tests.functional.vcsim.answers import ask
from tests.functional.vcsim.client import Client
from tests.functional.vcsim.client import connect
from tests.functional.vcsim.differences import read_differences
from tests.functional.vcsim.script import load_steps


@pytest.fixture
def client(wire):
    client = Client(wire.port)
    yield client
    client.close()


def test_script_is_told_what_the_schemas_allow(client):
    told = {step.name: ask(lambda s=step: s.work(client)) for step in STEPS}
    refused = [name for name, answer in told.items() if is_broken(answer)]
    assert refused == []
    known = read_differences()
    assert {name: told[name] for name in known} == {
        name: difference.ours for name, difference in known.items()
    }


def is_broken(answer):
    return 'SystemError' in answer or answer.startswith(('no ', 'reply'))


STEPS = load_steps()


class TestOwnHelpers:
    """What scripts of administrators are made of."""

    def test_task_is_waited_for(self, client):
        client.files.MakeDirectory('[LocalDS_0] base', client.datacenter)
        task = client.files.DeleteDatastoreFile_Task(
            '[LocalDS_0] base', client.datacenter
        )
        assert WaitForTask(task, si=client.instance) == 'success'

    def test_failed_task_is_raised(self, client):
        task = client.files.DeleteDatastoreFile_Task(
            '[LocalDS_0] none', client.datacenter
        )
        with pytest.raises(vim.fault.FileNotFound) as caught:
            WaitForTask(task, si=client.instance)
        assert caught.value.file == '[LocalDS_0] none'

    def test_every_property_can_be_read(self, client):
        """One that is not simulated is unset, and none is a failure."""
        view = client.content.viewManager.CreateContainerView(
            client.content.rootFolder, [vim.ManagedEntity], True
        )
        version = client.instance._stub.version
        for entity in view.view:
            for one in entity._GetPropertyList():
                if VmomiSupport.IsChildVersion(version, one.version):
                    getattr(entity, one.name)


def test_certificate_is_checked(safe):
    instance = connect(safe.port, USER, PASSWORD, authority=safe.certificate)
    assert instance.content.about.apiType == 'VirtualCenter'
