"""Hosts that storage work is handed to: whoever has the SR plugged in."""

import time

from xapi_simulator.errors import XapiError
from xapi_simulator.world import World


def check(world: World, sr: str) -> None:
    """Make sure that the host which is to do the work can be reached.

    :raises XapiError: CANNOT_CONTACT_HOST while the leader still believes
        that it lives, HOST_OFFLINE afterwards.
    """
    host = _chosen(world, sr)
    since = world.down.get(host)
    if since is None or host == world.master:
        return
    if time.monotonic() - since < world.timing.assumed_dead:
        raise XapiError('CANNOT_CONTACT_HOST', host)
    raise XapiError('HOST_OFFLINE', host)


def _chosen(world: World, sr: str) -> str:
    """Choose a host: the leader itself where it can, else the first."""
    hosts = world.seen_by(sr)
    if world.master in hosts or not hosts:
        return world.master
    return hosts[0]
