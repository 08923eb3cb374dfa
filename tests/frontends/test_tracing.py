"""Spans, where somebody traces; where nobody does, nothing is loaded."""

import contextlib
import sys
import types

import pytest

from imagecache_handlers.frontends.tracing import traced


class Tracer:
    """Keeps the spans that it is asked for."""

    def __init__(self):
        self.spans = []

    @contextlib.contextmanager
    def start_as_current_span(self, name):
        span = {'name': name}
        self.spans.append(span)
        try:
            yield types.SimpleNamespace(set_attributes=span.update)
        except BaseException as error:
            span['error'] = type(error)
            raise


@pytest.fixture
def tracer(monkeypatch):
    tracer = Tracer()
    api = types.ModuleType('opentelemetry.trace')
    api.get_tracer = lambda name, version: tracer
    monkeypatch.setitem(sys.modules, 'opentelemetry.trace', api)
    return tracer


def test_a_span_has_a_name_and_attributes(tracer):
    with traced('imagecache.sweep') as tell:
        tell({'imagecache.result': 'idle', 'imagecache.freed': 7})
    assert tracer.spans == [
        {
            'name': 'imagecache.sweep',
            'imagecache.result': 'idle',
            'imagecache.freed': 7,
        }
    ]


def test_an_error_ends_the_span_and_goes_on(tracer):
    with pytest.raises(KeyError), traced('imagecache.sweep'):
        raise KeyError
    assert tracer.spans[0]['error'] is KeyError


def test_where_nobody_traces_nothing_is_loaded(monkeypatch):
    monkeypatch.delitem(sys.modules, 'opentelemetry.trace', raising=False)
    with traced('imagecache.sweep') as tell:
        tell({'imagecache.result': 'idle'})
    assert 'opentelemetry.trace' not in sys.modules
