"""Systemd: what it is told of a service that it started, by sd_notify(3)."""

import os
import socket
import time


def notify(**told: object) -> None:
    """Send assignments such as ``READY=1``; without systemd, nobody."""
    path = os.environ.get('NOTIFY_SOCKET')
    if not path:
        return
    # An abstract socket is written with @ for its leading zero byte.
    address = f'\0{path[1:]}' if path.startswith('@') else path
    text = '\n'.join(f'{name}={value}' for name, value in told.items())
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
        try:
            sender.sendto(text.encode(), address)
        except OSError:
            # Whoever listened is gone; the work is not done for them.
            return


def reloading() -> None:
    """Say that the configuration is read anew; ``READY=1`` ends it."""
    microseconds = time.monotonic_ns() // 1000
    notify(RELOADING=1, MONOTONIC_USEC=microseconds)


def watchdog_seconds() -> float | None:
    """Give within what time systemd wants ``WATCHDOG=1`` again, if at all."""
    ours = str(os.getpid())
    text = os.environ.get('WATCHDOG_USEC', '')
    if os.environ.get('WATCHDOG_PID', ours) != ours or not text.isdecimal():
        return None
    return int(text) / 1_000_000 or None
