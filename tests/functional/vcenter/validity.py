"""Validity: what was said over the wire, held against vSphere's schemas."""

from collections.abc import Iterable
from collections.abc import Iterator
import contextlib
import dataclasses
import pathlib
import re
import tempfile
from typing import Any

from lxml import etree
import oslo_vmware
from pyVmomi import VmomiSupport

from tests.functional.vcenter.messages import describe_messages
from tests.functional.vcenter.messages import ENVELOPE
from tests.functional.vcenter.messages import XSD

WSDL = pathlib.Path(oslo_vmware.__file__).parent / 'wsdl'
# The schemas of a release, and what pyvmomi calls it.
RELEASES = {'7.0': 'vim.version.v7_0', '8.0': 'vim.version.v8_0_0_0'}
CALLED = re.compile(rb'<(?:\w+:)?Body[^>]*>\s*<(?:\w+:)?(\w+)')
ENVELOPE_TAG = re.compile(rb'<[\w-]+:Envelope')
FAULTS = re.compile(rb'<(?:\w+:)?(\w+)Fault[\s/>]')
REFUSED = b'InvalidRequest'
# pyvmomi adds it to each element of a request; no schema knows it.
VERSION = re.compile(rb' versionId="[^"]*"')
# pyvmomi reads single properties by a method that no WSDL has.
UNPUBLISHED = frozenset({'Fetch'})


@dataclasses.dataclass(frozen=True, slots=True)
class Exchange:
    """A request to /sdk, and what was replied."""

    request: bytes
    reply: bytes

    @property
    def method(self) -> str:
        called = CALLED.search(self.request)
        return called[1].decode() if called else ''


def find_invalid(exchanges: Iterable[Exchange], release: str) -> list[str]:
    """Tell what the schemas of a release do not allow."""
    judged = [one for one in exchanges if one.method not in UNPUBLISHED]
    schema = load_schema(release, judged)
    return [
        f'{exchange.method}: {complaint}'
        for exchange in judged
        for complaint in judge_exchange(schema, exchange)
    ]


def judge_exchange(
    schema: etree.XMLSchema, exchange: Exchange
) -> Iterator[str]:
    """Tell what is wrong; a request that is must have been refused."""
    wrong = list(judge_message(schema, exchange.request))
    if REFUSED not in exchange.reply:
        yield from wrong
    elif not wrong:
        yield 'refused, and valid'
    yield from judge_message(schema, exchange.reply)


def judge_message(schema: etree.XMLSchema, text: bytes) -> Iterator[str]:
    try:
        document = etree.fromstring(complete(VERSION.sub(b'', text)))
    except etree.XMLSyntaxError as error:
        yield str(error)
        return
    if not schema.validate(document):
        yield from (one.message for one in schema.error_log)


def complete(text: bytes) -> bytes:
    """Declare the prefix that suds writes types with and does not declare."""
    if b'"xsd:' not in text or b'xmlns:xsd=' in text:
        return text
    return ENVELOPE_TAG.sub(rb'\g<0> xmlns:xsd="%b"' % XSD.encode(), text, 1)


def load_schema(release: str, judged: list[Exchange]) -> etree.XMLSchema:
    methods = list(find_methods({exchange.method for exchange in judged}))
    faults = {
        name.decode()
        for exchange in judged
        for name in FAULTS.findall(exchange.reply)
    }
    with tempfile.TemporaryDirectory() as name:
        place = pathlib.Path(name)
        for source in (WSDL / release).glob('*-types.xsd'):
            place.joinpath(source.name).write_bytes(source.read_bytes())
        messages = describe_messages(
            methods, sorted(faults), RELEASES[release]
        )
        place.joinpath('messages.xsd').write_text(messages)
        envelope = place / 'envelope.xsd'
        envelope.write_text(ENVELOPE)
        return etree.XMLSchema(etree.parse(envelope))


def find_methods(names: Iterable[str]) -> Iterator[Any]:
    """Find how pyvmomi describes methods that have these names on the wire."""
    for name in sorted(names):
        # Who calls what is no method must be refused, as one that is wrong.
        with contextlib.suppress(KeyError):
            yield VmomiSupport.GetWsdlMethod('urn:vim25', name).info
