"""Sending: notifications go out by oslo.messaging, as Nova's own do."""

from collections.abc import Iterable
import logging
from typing import Any

from imagecache_handlers.frontends.nova.notifications import Notification

LOG = logging.getLogger(__name__)


def send_notifications(
    conf: Any, host: str | None, notifications: Iterable[Notification]
) -> None:
    """Send them to where Nova's configuration says; what fails is logged."""
    try:
        # Of Nova's environment, and not wanted without.
        import oslo_messaging

        notifier = oslo_messaging.Notifier(
            oslo_messaging.get_notification_transport(conf),
            publisher_id=f'imagecache.{host}',
        )
        for event, payload in notifications:
            notifier.info({}, event, payload)
    # Nobody's images wait for who listens, whatever a transport raises.
    except Exception as error:
        LOG.warning('Notifications cannot be sent: %s', error)
