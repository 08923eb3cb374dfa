"""What the bytes of a file hash to, as a value."""

import pytest

from imagecache_handlers import Checksum


@pytest.mark.parametrize(
    ('algorithm', 'digits'), [('sha512', 128), ('sha256', 64), ('md5', 32)]
)
def test_a_checksum_has_the_digits_of_its_algorithm(algorithm, digits):
    value = ('0123456789abcdef' * 8)[:digits]
    made = Checksum(algorithm=algorithm, value=value)
    assert (made.algorithm, made.value) == (algorithm, value)
    for wrong in value[1:], value + '0', value.upper(), value[1:] + 'g', '':
        with pytest.raises(ValueError, match=f'digits|{digits}'):
            Checksum(algorithm=algorithm, value=wrong)


@pytest.mark.parametrize('algorithm', ['', 'SHA256', 'sha1', 'crc32'])
def test_an_algorithm_that_nobody_knows_is_refused(algorithm):
    with pytest.raises(ValueError, match='is none of sha512, sha256, md5'):
        Checksum(algorithm=algorithm, value='0' * 64)


@pytest.mark.parametrize(
    ('algorithm', 'value'),
    [(None, '0' * 64), (['sha256'], '0' * 64), ('sha256', 7)],
)
def test_a_checksum_is_of_texts(algorithm, value):
    with pytest.raises(ValueError, match='must be a text'):
        Checksum(algorithm=algorithm, value=value)


def test_the_refusal_of_a_long_checksum_is_short():
    with pytest.raises(ValueError, match='sha256') as error:
        Checksum(algorithm='sha256', value='0' * 10**6)

    assert len(str(error.value)) < 500
