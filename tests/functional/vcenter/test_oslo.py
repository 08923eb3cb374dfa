"""oslo.vmware, with suds and unmodified, does what Nova's driver does."""

import types

import pytest
import requests

# First: it decides what oslo.vmware runs on.
from tests.functional.vcenter.oslo import log_in
from tests.functional.vcenter.oslo import World

from oslo_vmware import exceptions
from oslo_vmware.objects import datastore as values
from oslo_vmware import rw_handles
from oslo_vmware import vim_util

from tests.functional.vcenter.ours import DATACENTER
from tests.functional.vcenter.ours import STORE
from tests.functional.vcenter.recorder import make_certificate


@pytest.fixture
def world(wire):
    session = log_in(wire.port)
    yield World(session)
    session.logout()


class TestSession:
    def test_wrong_password_is_refused(self, wire):
        with pytest.raises(exceptions.VimFaultException) as caught:
            log_in(wire.port, password='wrong')
        assert caught.value.fault_list == ['InvalidLogin']

    def test_session_that_ended_is_made_anew(self, world, ours):
        # oslo.vmware sleeps for ten seconds before it logs in again.
        with ours.world.lock:
            ours.world.sessions.end_all()
        assert world.read(world.store, 'summary.name') == STORE

    def test_session_is_active(self, world):
        assert world.session.is_current_session_active()


class TestReading:
    def test_objects_come_in_pages(self, world):
        result = world.session.invoke_api(
            vim_util, 'get_objects', world.vim, 'HostSystem', 1, ['name']
        )
        with vim_util.WithRetrieval(world.vim, result) as found:
            names = [one.propSet[0].val for one in found]
        assert len(names) == 2

    def test_retrieval_can_be_cancelled(self, world):
        result = world.session.invoke_api(
            vim_util, 'get_objects', world.vim, 'HostSystem', 1, ['name']
        )
        assert result.token
        vim_util.cancel_retrieval(world.vim, result)

    def test_properties_of_one_object(self, world):
        read = world.session.invoke_api(
            vim_util,
            'get_object_properties_dict',
            world.vim,
            world.store,
            ['summary.name', 'summary.type', 'summary.accessible'],
        )
        assert read == {
            'summary.name': STORE,
            'summary.type': 'VMFS',
            'summary.accessible': True,
        }

    def test_unknown_property_is_refused(self, world):
        with pytest.raises(exceptions.VimException):
            world.read(world.store, 'colour')

    def test_path_in_inventory(self, world):
        path = vim_util.get_inventory_path(world.vim, world.datacenter)
        assert path == f'/{DATACENTER}'

    def test_unknown_object(self, world):
        gone = vim_util.get_moref('datastore-999', 'Datastore')
        with pytest.raises(exceptions.ManagedObjectNotFoundException):
            world.read(gone, 'name')


class TestFiles:
    def test_folder_that_exists(self, world):
        world.make(f'[{STORE}] base')
        with pytest.raises(exceptions.FileAlreadyExistsException):
            world.make(f'[{STORE}] base')

    def test_folder_without_parent(self, world):
        with pytest.raises(exceptions.FileNotFoundException):
            world.make(f'[{STORE}] no/such')

    def test_folder_that_is_missing(self, world):
        with pytest.raises(exceptions.FileNotFoundException):
            world.search(f'[{STORE}] none')
        with pytest.raises(exceptions.FileNotFoundException):
            world.delete(f'[{STORE}] none')

    def test_search_as_nova_does_it(self, world):
        world.make(f'[{STORE}] base/image', parents=True)
        found = world.search(f'[{STORE}] base')
        assert [file.path for file in found.file] == ['image']

    def test_search_below(self, world):
        world.make(f'[{STORE}] base/image/ts-1', parents=True)
        found = world.search_below(f'[{STORE}] base')
        names = {path.rstrip('/'): files for path, files in found.items()}
        assert names == {
            f'[{STORE}] base': ['image'],
            f'[{STORE}] base/image': ['ts-1'],
            f'[{STORE}] base/image/ts-1': [],
        }

    def test_disk_is_created_copied_and_deleted(self, world):
        world.make(f'[{STORE}] base')
        world.create_disk(f'[{STORE}] base/a.vmdk')
        world.finish(
            'CopyVirtualDisk_Task',
            world.disks,
            sourceName=f'[{STORE}] base/a.vmdk',
            sourceDatacenter=world.datacenter,
            destName=f'[{STORE}] base/b.vmdk',
        )
        world.finish(
            'DeleteVirtualDisk_Task',
            world.disks,
            name=f'[{STORE}] base/a.vmdk',
            datacenter=world.datacenter,
        )
        found = world.search(f'[{STORE}] base')
        names = sorted(file.path for file in found.file)
        assert names == ['b-flat.vmdk', 'b.vmdk']

    def test_disk_that_exists(self, world):
        world.make(f'[{STORE}] base')
        world.create_disk(f'[{STORE}] base/a.vmdk')
        with pytest.raises(exceptions.FileAlreadyExistsException):
            world.create_disk(f'[{STORE}] base/a.vmdk')

    def test_folder_is_moved_onto_another(self, world):
        for name in 'one', 'two':
            world.make(f'[{STORE}] {name}')
        with pytest.raises(exceptions.FileAlreadyExistsException):
            world.finish(
                'MoveDatastoreFile_Task',
                world.files,
                sourceName=f'[{STORE}] one',
                sourceDatacenter=world.datacenter,
                destinationName=f'[{STORE}] two',
                destinationDatacenter=world.datacenter,
            )


@pytest.fixture
def secured(safe):
    session = log_in(safe.port, scheme='https', cacert=safe.certificate)
    yield World(session)
    session.logout()
    session.vim.client.options.transport.session.close()


class TestTransfer:
    def test_file_is_written_and_read(self, secured, safe):
        cookies = secured.vim.client.cookiejar
        place = ('127.0.0.1', safe.port, DATACENTER, STORE, cookies)
        trust = {'cacerts': safe.certificate}
        sink = rw_handles.FileWriteHandle(*place, 'base/a.iso', 5, **trust)
        sink.write(b'12345')
        sink.close()
        source = rw_handles.FileReadHandle(*place, 'base/a.iso', **trust)
        assert source.read(5) == b'12345'
        source.close()
        found = secured.search(f'[{STORE}] base')
        assert [file.path for file in found.file] == ['a.iso']

    def test_ticket_writes_a_file(self, secured, safe):
        host = f'127.0.0.1:{safe.port}'
        url = values.DatastoreURL('https', host, 'a.iso', DATACENTER, STORE)
        name, value = url.get_transfer_ticket(secured.session, 'PUT').split(
            '='
        )
        assert name == 'vmware_cgi_ticket'
        cookies = [types.SimpleNamespace(name=name, value=value)]
        sink = rw_handles.FileWriteHandle(
            '127.0.0.1',
            safe.port,
            'ha-datacenter',
            STORE,
            cookies,
            'a.iso',
            5,
            cacerts=safe.certificate,
        )
        sink.write(b'12345')
        sink.close()
        found = secured.search(f'[{STORE}]')
        assert [file.path for file in found.file] == ['a.iso']


def test_certificate_of_somebody_else_is_refused(safe, tmp_path):
    other = make_certificate(tmp_path)
    with pytest.raises(requests.exceptions.SSLError):
        log_in(safe.port, scheme='https', cacert=other)
