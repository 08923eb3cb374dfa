"""Odd answers: emptied, or all of it twice; each is an error of its store.

An error of another kind would end the whole pass.
"""

import contextlib
import dataclasses
import io
from xml.etree import ElementTree

import pytest

from imagecache_handlers import CacheError
from imagecache_handlers import ImageMeta
from imagecache_handlers_vmware.port.dialling import ConnectionOptions
from imagecache_handlers_vmware.port.errors import Incomplete
from imagecache_handlers_vmware.port.properties import read_one
from imagecache_handlers_vmware.port.tasks import Waiting
from tests.vmware.litter import Litterer
from tests.vmware.streams import CAPACITY
from tests.vmware.streams import make_stream
from tests.vmware.streams import PLACE
from tests.vmware.streams import STREAM
from tests.vmware.vcenter import BASE
from tests.vmware.vcenter import OnVcenter
from tests.vmware.vcenter import STORE
from vcenter_simulator.scenario import Scenario

IMPATIENT = Waiting(seconds=0.1, sleep=lambda _: None)


def read_debris(handler):
    list(handler.debris(STORE))


def read_images(handler):
    list(handler.enumerate(STORE))


def add_iso(handler):
    meta = ImageMeta(image_id='debian', size=9, disk_format='iso')
    handler.add(meta, io.BytesIO(b'x' * 9), STORE)


def add_stream(handler):
    data = make_stream()
    meta = ImageMeta(
        image_id='debian',
        size=len(data),
        disk_format='vmdk',
        virtual_size=CAPACITY,
        properties=STREAM,
    )
    handler.add(meta, io.BytesIO(data), STORE)


def clear(answer):
    for one in list(answer):
        answer.remove(one)


def double(answer):
    answer.extend(list(answer))


class OnOddVcenter(OnVcenter):
    made = 'debian.vmdk'

    def start(self, *given, **how):
        super().start(Scenario(kinds=('vsan',)), **how)

    def prepare(self):
        self.actors.cache('used')
        self.machine = self.actors.spawn('used', starts=False)
        litterer = Litterer(self.actors)
        litterer.date(litterer.leave_shadow())

    def change_answer(self, change, nth):
        """Change the nth answer from now on; gives how many there were."""
        interface, count = self.vcenter._interface, [0]
        answer_call = interface._answer_call

        def answer(*call):
            found = answer_call(*call)
            count[0] += 1
            if count[0] != nth:
                return found
            envelope = ElementTree.fromstring(found.body)  # noqa: S314
            change(envelope[0][0])
            body = ElementTree.tostring(envelope)
            return dataclasses.replace(found, body=body)

        interface._answer_call = answer
        return count

    def take_turns(self, operate, change):
        for nth in range(1, 99):
            self.start()
            self.prepare()
            handler = self.connect(import_place=PLACE, waiting=IMPATIENT)
            with contextlib.closing(handler):
                list(handler.stores())
                count = self.change_answer(change, nth)
                with contextlib.suppress(CacheError):
                    operate(handler)
                if count[0] < nth:
                    return
            tree = self.actors.tree(f'[{STORE}] {BASE}')
            assert 'used/used.vmdk' in tree, nth
            assert 'debian' not in tree or f'debian/{self.made}' in tree, nth
            self.vcenter.stop()


class TestOddAnswers(OnOddVcenter):
    def test_to_who_lists_images(self):
        for change in clear, double:
            self.take_turns(read_images, change)

    def test_to_who_lists_debris(self):
        for change in clear, double:
            self.take_turns(read_debris, change)

    @pytest.mark.long
    def test_to_who_adds_an_iso(self):
        self.made = 'debian.iso'
        for change in clear, double:
            self.take_turns(add_iso, change)

    @pytest.mark.long
    def test_to_who_imports(self):
        for change in clear, double:
            self.take_turns(add_stream, change)

    def test_about_another_object(self):
        def rename(answer):
            for one in answer.iter():
                if one.tag.endswith('}obj'):
                    one.text = 'vm-9999'

        self.start()
        session = self.open_session(ConnectionOptions(insecure=True))
        with contextlib.closing(session):
            root = session.managers.root_folder
            assert read_one(session, root, ('name',)).reference == root
            for change in rename, double:
                self.change_answer(change, 1)
                with pytest.raises(Incomplete, match='and told of'):
                    read_one(session, root, ('name',))
