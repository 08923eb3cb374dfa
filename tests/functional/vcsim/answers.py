"""Answer: what a step was told, in words that both servers can agree on."""

from collections.abc import Callable
import http.client
import json
import re
from typing import Any
from xml.parsers.expat import ExpatError

from pyVmomi import vmodl

# What else a fault says; not the files, for vcsim has those of its host.
DETAILS = 'name', 'datastorePath', 'obj'


def ask(step: Callable[[], Any]) -> str:
    """Do a step; tell its value, its fault or that the line was cut."""
    try:
        return tell_value(step())
    except vmodl.MethodFault as fault:
        return tell_fault(fault)
    except (http.client.HTTPException, ConnectionError, ExpatError):
        return 'no reply'
    except TypeError as error:
        return f'reply refused by pyvmomi: {error}'


def tell_value(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True)


def tell_fault(fault: Any) -> str:
    """Tell a fault by its name and by what it says of its cause."""
    name = type(fault).__name__.rpartition('.')[2]
    said = [tell_detail(fault, path) for path in DETAILS if has(fault, path)]
    return ' '.join(['fault', name, *said])


def has(fault: Any, name: str) -> bool:
    return bool(getattr(fault, name, None))


def tell_detail(fault: Any, name: str) -> str:
    value = getattr(fault, name)
    if name == 'obj':
        return f'obj={type(value).__name__.rpartition(".")[2]}'
    # Identities are whatever a server likes.
    return re.sub(r'vm-\d+', 'vm-n', f'{name}={value}')


def tell_reply(status: int, body: bytes) -> list[object]:
    """Tell a raw reply: its status and the fault that it holds."""
    detail = re.search(rb'<detail>\s*<([\w:]+)', body)
    kind = re.search(rb'xsi:type="(?:\w+:)?(\w+)"', body)
    if not detail:
        return [status, 'no fault' if b'<faultcode>' not in body else 'fault']
    return [status, kind[1].decode() if kind else detail[1].decode()]
