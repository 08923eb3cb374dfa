"""Tracing: a span of OpenTelemetry for each sweep, where the host traces."""

from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Mapping
import contextlib
import sys
from typing import Any

from imagecache_handlers.version import VERSION

_API = 'opentelemetry.trace'

Attributes = Mapping[str, str | int]


@contextlib.contextmanager
def traced(name: str) -> Iterator[Callable[[Attributes], object]]:
    """Have a span meanwhile; give what sets attributes of it.

    Only where the API has been loaded already, by whoever exports spans,
    such as ``opentelemetry-instrument``: nobody else would see them.
    """
    api: Any = sys.modules.get(_API)
    if api is None:
        yield lambda attributes: None
        return
    tracer = api.get_tracer('imagecache_handlers', VERSION)
    with tracer.start_as_current_span(name) as span:
        yield span.set_attributes
