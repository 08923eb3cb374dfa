"""Descriptions of hosts that evict from a store, for people."""

import dataclasses

from imagecache_handlers.directory.hosts.judging import explain_fewer
from imagecache_handlers.directory.hosts.judging import explain_unseen
from imagecache_handlers.directory.hosts import places
from imagecache_handlers.directory.hosts.places import View
from imagecache_handlers.directory.hosts.records import Record
from imagecache_handlers.directory.hosts.records import Unread
from imagecache_handlers.directory.hosts import refusals
from imagecache_handlers.directory.users.overlays import Survey
from imagecache_handlers.model import Host


def describe_host(
    store: str,
    view: View,
    name: str,
    record: Record | Unread | None,
    survey: Survey | None,
) -> Host:
    own = name == view.host
    why = [*explain_unseen(record, view)] if record else []
    if own and survey is not None:
        why += [*explain_fewer(record, view, survey)]
    described = Host(
        name=refusals.show_host(name),
        store=store,
        looks_at=tuple(sorted(view.all())) if own else (),
        is_this=own,
        blocks=why[0] if why else None,
    )
    if not isinstance(record, Record):
        return described
    met = [
        count
        for place, count in record.places.items()
        if count is not None and not place.startswith(places.DEFINITIONS)
    ]
    return dataclasses.replace(
        described,
        looks_at=tuple(sorted(record.places)),
        disks=sum(met) if met else None,
        folders=record.folders,
        as_of=record.at,
    )
