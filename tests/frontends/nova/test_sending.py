"""Notifications are sent in bounded time, and leave nothing behind."""

import sys
import types

import pytest

from imagecache_handlers.frontends.nova.sending import send_notifications


class Bus(types.ModuleType):
    """oslo.messaging, of which each notification takes some seconds."""

    def __init__(self, seconds):
        super().__init__('oslo_messaging')
        self.seconds = seconds
        self.now = 0.0
        self.sent = []
        self.opened = self.closed = 0

    def get_notification_transport(self, conf):
        self.opened += 1
        return types.SimpleNamespace(cleanup=self.close)

    def close(self):
        self.closed += 1

    def Notifier(self, transport, publisher_id):
        return types.SimpleNamespace(info=self.info)

    def info(self, context, event, payload):
        if self.seconds is None:
            raise ConnectionError('no bus')
        self.now += self.seconds
        self.sent.append(event)


@pytest.fixture
def send(monkeypatch):
    def send_by(seconds):
        bus = Bus(seconds)
        monkeypatch.setitem(sys.modules, 'oslo_messaging', bus)
        send_notifications(
            None,
            'h',
            ((f'event {one}', {}) for one in range(1000)),
            monotonic=lambda: bus.now,
        )
        return bus

    return send_by


@pytest.mark.parametrize('seconds', [0.0, 0.01, 5.0, None])
def test_what_was_opened_is_closed(send, seconds):
    bus = send(seconds)
    assert bus.opened == bus.closed == 1


def test_all_are_sent_to_who_takes_them(send, caplog):
    assert len(send(0.01).sent) == 1000
    assert caplog.text == ''


def test_a_slow_bus_is_not_waited_for_long(send, caplog):
    bus = send(5.0)
    assert bus.now <= 35
    assert caplog.text.count('left out: the bus is slow') == 1
