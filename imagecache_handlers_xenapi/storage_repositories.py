"""SRs as stores: which of a pool, under what name, and how full."""

from collections.abc import Collection
from collections.abc import Iterable
from collections.abc import Mapping
from collections import Counter
import dataclasses
import re
from typing import Any

from imagecache_handlers.exceptions import ConfigurationError
from imagecache_handlers.model import Store
from imagecache_handlers_xenapi.port.port import Port

Records = Mapping[str, Mapping[str, Any]]

DEFAULT = 'default-sr:true'
NULL = 'OpaqueRef:NULL'
_CONFIG = re.compile(r'other-config:([^=]+)=(.*)')
_UUID = re.compile(r'[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}')


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Repository:
    """One SR: its reference and type, and the store it is."""

    ref: str
    kind: str
    store: Store


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Pool:
    """What was read of a pool's storage, as one ``host`` or all see it."""

    default: str
    srs: Records
    plugs: Records
    hosts: Records
    host: str | None = None

    @classmethod
    def read(
        cls, port: Port, choices: Collection[str], host: str | None = None
    ) -> 'Pool':
        """Read what there is to choose from.

        :raises ConfigurationError: when no host is called ``host``.
        :raises CallError: when it cannot be read.
        """
        srs = port.read('SR.get_all_records')
        default = NULL
        if DEFAULT in choices:
            for pool in port.read('pool.get_all_records').values():
                default = pool['default_SR']
        # Hosts are only named where the SRs of several have one name.
        names = Counter(sr['name_label'] for sr in srs.values())
        shared = max(names.values(), default=0) > 1
        plugs = port.read('PBD.get_all_records')
        hosts = port.read('host.get_all_records') if shared or host else {}
        return cls(
            default=default,
            srs=srs,
            plugs=plugs,
            hosts=hosts,
            host=_find_host(hosts, host) if host else None,
        )

    def names(self) -> dict[str, str]:
        """Name each SR: by its name, else with its host, else by its uuid."""
        labels = Counter(sr['name_label'] for sr in self.srs.values())
        at_host = {
            ref: f'{sr["name_label"]}@{host}'
            for ref, sr in self.srs.items()
            if (host := self._host_of(ref))
        }
        at_hosts = Counter(at_host.values())
        names = {}
        for ref, sr in self.srs.items():
            label = sr['name_label']
            if labels[label] == 1 and _may_name(label, at_hosts):
                names[ref] = label
            elif labels[label] > 1 and at_hosts[at_host.get(ref, '')] == 1:
                names[ref] = _or_uuid(at_host[ref], sr)
            else:
                names[ref] = sr['uuid']
        return names

    def _host_of(self, sr: str) -> str:
        hosts = {
            plug['host'] for plug in self.plugs.values() if plug['SR'] == sr
        }
        if len(hosts) != 1:
            return ''
        return str(self.hosts.get(hosts.pop(), {}).get('name_label', ''))

    def chosen(self, choices: Iterable[str]) -> list[Repository]:
        """Give the SRs that options name, each once, in their order.

        What names none is a store with a problem: somebody waits for it.
        """
        names = self.names()
        found: dict[str, Repository] = {}
        for choice in choices:
            meant = [
                ref
                for ref in self.srs
                if choice == names[ref] or self._is_choice(ref, choice)
            ]
            refs = [ref for ref in meant if self._is_at_hand(ref)]
            for ref in refs:
                found.setdefault(ref, self._read_repository(ref, names[ref]))
            if not refs:
                problem = self._why_none(choice, meant, names.values())
                store = Store(name=choice, problem=problem)
                found.setdefault(
                    choice, Repository(ref='', kind='', store=store)
                )
        return list(found.values())

    def _is_choice(self, ref: str, choice: str) -> bool:
        sr = self.srs[ref]
        if choice == DEFAULT:
            return ref == self.default
        if config := _CONFIG.fullmatch(choice):
            told: str | None = sr['other_config'].get(config[1])
            return told == config[2]
        return choice in (sr['uuid'], sr['name_label'])

    def _read_repository(self, ref: str, name: str) -> Repository:
        sr = self.srs[ref]
        total = int(sr['physical_size'])
        used = max(0, int(sr['physical_utilisation']))
        known = total > 0
        store = Store(
            name=name,
            total=total if known else None,
            free=max(0, total - used) if known else None,
            problem=None
            if self._is_plugged(ref)
            else 'no host of the pool has it plugged',
            identity=sr['uuid'],
        )
        return Repository(ref=ref, kind=sr['type'], store=store)

    def _is_at_hand(self, sr: str) -> bool:
        """Tell if it is there for the one host that is asked about, if any."""
        return self.host is None or self._is_plugged(sr)

    def _why_none(
        self, choice: str, meant: Collection[str], names: Iterable[str]
    ) -> str:
        if meant and self.host is not None:
            host = self.hosts[self.host]['name_label']
            return f'host {host} has no such SR plugged'
        if choice == DEFAULT:
            return f'the pool has no default SR, for {DEFAULT}'
        there = ', '.join(sorted(names))
        return (
            f'[imagecache_xenapi] srs: no SR of the pool is {choice!r}, '
            f'there are {there}'
        )

    def _is_plugged(self, sr: str) -> bool:
        return any(
            plug['SR'] == sr
            and plug['currently_attached']
            and self.host in (None, plug['host'])
            for plug in self.plugs.values()
        )


def check_choices(choices: Iterable[str]) -> tuple[str, ...]:
    """Refuse what cannot name an SR; Nova's filters can.

    :raises ConfigurationError: when one cannot, or there are none.
    """
    checked = tuple(dict.fromkeys(one.strip() for one in choices))
    if not checked:
        raise ConfigurationError('[imagecache_xenapi] srs names no SR')
    for choice in checked:
        kind = choice.partition(':')[0]
        malformed = (kind == 'default-sr' and choice != DEFAULT) or (
            kind == 'other-config' and not _CONFIG.fullmatch(choice)
        )
        if malformed or not choice or not choice.isprintable():
            raise ConfigurationError(
                f'[imagecache_xenapi] srs: {choice!r} is none of '
                f'{DEFAULT}, other-config:KEY=VALUE, a name, a uuid'
            )
    return checked


def _find_host(hosts: Records, choice: str) -> str:
    """Give the host that has a name, uuid or address."""
    for ref, host in hosts.items():
        if choice in (host['uuid'], host['name_label'], host['address']):
            return ref
    names = ', '.join(sorted(host['name_label'] for host in hosts.values()))
    raise ConfigurationError(
        f'[imagecache_xenapi] host: the pool has no {choice!r}, only {names}'
    )


def _may_name(label: str, others: Collection[str]) -> bool:
    """Tell if a name cannot be taken for that of another SR."""
    return (
        _is_sound(label) and not _UUID.fullmatch(label) and label not in others
    )


def _or_uuid(name: str, sr: Mapping[str, Any]) -> str:
    return name if _is_sound(name) else str(sr['uuid'])


def _is_sound(name: str) -> bool:
    return bool(name) and name.isprintable()
