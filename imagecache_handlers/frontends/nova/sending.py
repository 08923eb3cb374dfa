"""Sending: notifications go out by oslo.messaging, as Nova's own do."""

from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Iterator
import contextlib
import logging
import time
from typing import Any

from imagecache_handlers.frontends.nova.notifications import Notification

LOG = logging.getLogger(__name__)

# Seconds: a bus that says nothing takes five for each, and swallows them.
_PATIENCE = 30.0


def send_notifications(
    conf: Any,
    host: str | None,
    notifications: Iterable[Notification],
    *,
    monotonic: Callable[[], float] = time.monotonic,
) -> None:
    """Send them to where Nova's configuration says; what fails is logged.

    What a slow bus has not taken in half a minute is left out: Nova's other
    periodic tasks wait as well.
    """
    latest = monotonic() + _PATIENCE
    try:
        with _opened_notifier(conf, host) as notifier:
            for event, payload in notifications:
                if monotonic() >= latest:
                    LOG.warning('Notifications are left out: the bus is slow')
                    return
                notifier.info({}, event, payload)
    # Nobody's images wait for who listens, whatever a transport raises.
    except Exception as error:
        LOG.warning('Notifications cannot be sent: %s', error)


@contextlib.contextmanager
def _opened_notifier(conf: Any, host: str | None) -> Iterator[Any]:
    # Of Nova's environment, and not wanted without.
    import oslo_messaging

    transport = oslo_messaging.get_notification_transport(conf)
    try:
        yield oslo_messaging.Notifier(
            transport, publisher_id=f'imagecache.{host}'
        )
    finally:
        # Else its connection, and a thread that keeps that alive, would stay.
        transport.cleanup()
