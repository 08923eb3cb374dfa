"""What an answer of HTTP says, as a table."""

import datetime
import email.utils

import hypothesis
from hypothesis import strategies as st
import pytest

from imagecache_handlers.exceptions import SourceError
from imagecache_handlers.sources.answers import Answer

SOURCE = 'https://glance.example.org/v2/images/a'


def refusal(status, **headers):
    named = {key.replace('_', '-'): value for key, value in headers.items()}
    answer = Answer(source=SOURCE, status=status, headers=named)
    with pytest.raises(SourceError) as caught:
        answer.check_status(200)
    assert caught.value.source == SOURCE
    return caught.value


@pytest.mark.parametrize(
    ('text', 'after'),
    [
        ('0', 0),
        ('7', 7),
        (' 120 ', 120),
        ('99999999999', 86400),
        ('-1', None),
        ('1.5', None),
        ('soon', None),
        ('', None),
        ('9' * 5000, None),
        ('Fri, 01 Jan 1999 00:00:00 GMT', 0),
        ('Fri, 31 Dec 9999 23:59:59 GMT', 86400),
        ('Fri, 99 Foo 9999 23:59:59 GMT', None),
    ],
)
@pytest.mark.parametrize('status', [429, 503])
def test_how_long_to_wait(status, text, after):
    error = refusal(status, Retry_After=text)
    assert (error.retry, error.after) == (True, after)


def test_a_time_to_wait_for_is_one_of_seconds():
    until = datetime.datetime.now(datetime.UTC) + datetime.timedelta(hours=1)
    text = email.utils.format_datetime(until, usegmt=True)
    assert 3500 < refusal(503, Retry_After=text).after <= 3600


def test_what_is_final_is_not_put_off():
    error = refusal(404, Retry_After='7')
    assert (error.retry, error.after) == (False, None)


@hypothesis.given(status=st.integers(100, 999), text=st.text(max_size=60))
def test_whatever_is_sent_is_told_as_an_error(status, text):
    hypothesis.assume(status != 200)
    after = refusal(status, Retry_After=text).after
    assert after is None or 0 <= after <= 86400


@hypothesis.given(text=st.text(max_size=60), start=st.integers(0, 99))
def test_only_the_range_that_was_asked_for_passes(text, start):
    answer = Answer(source=SOURCE, status=206, headers={'Content-Range': text})
    with pytest.raises(SourceError):
        answer.check_range(start, 100)
    said = {'Content-Range': f'bytes {start}-99/100'}
    good = Answer(source=SOURCE, status=206, headers=said)
    good.check_range(start, 100)


@pytest.mark.parametrize('encoding', ['', 'identity', 'IDENTITY'])
def test_bytes_as_they_are_pass(encoding):
    headers = {'Content-Encoding': encoding}
    Answer(source=SOURCE, status=200, headers=headers).check_encoding()
