"""Every error has one base, keeps its subject and says what it means."""

import pytest

from imagecache_handlers import exceptions

HOSTILE = 'a\n{why}\0%s'

TEXTS = [
    (
        exceptions.StoreUnavailable('sr', 'no route'),
        {'store': 'sr', 'why': 'no route'},
        "store 'sr' is unavailable: no route",
    ),
    (
        exceptions.ImageNotFound('a'),
        {'image_id': 'a', 'why': ''},
        "image 'a' is not in the cache",
    ),
    (
        exceptions.ImageExists('a', 'as b'),
        {'image_id': 'a', 'why': 'as b'},
        "image 'a' is in the cache already: as b",
    ),
    (
        exceptions.ImageBusy('a', 'claimed'),
        {'image_id': 'a', 'why': 'claimed'},
        "image 'a' is busy, try again later: claimed",
    ),
    (
        exceptions.ImageInUse('a', ['vm-2', 'vm-1']),
        {'image_id': 'a', 'users': {'vm-1', 'vm-2'}},
        "image 'a' is in use by vm-1, vm-2",
    ),
    (
        exceptions.ImageInUse('a'),
        {'image_id': 'a', 'users': frozenset()},
        "image 'a' is in use by somebody",
    ),
    (
        exceptions.Unsupported('a', 'an iso'),
        {'image_id': 'a', 'why': 'an iso'},
        "image 'a' is not supported here: an iso",
    ),
    (
        exceptions.Uncertain('a', 'lost task'),
        {'image_id': 'a', 'why': 'lost task'},
        "image 'a': the outcome is not known: lost task",
    ),
    (
        exceptions.TooLate('a', 'its claim ran out of time'),
        {'image_id': 'a', 'why': 'its claim ran out of time'},
        "image 'a' is busy, try again later: its claim ran out of time",
    ),
    (
        exceptions.StoreBusy('a', 'a scan'),
        {'image_id': 'a', 'why': 'a scan'},
        "the store of image 'a' is busy, try again later: a scan",
    ),
    (
        exceptions.Cancelled('a', 'it waited'),
        {'image_id': 'a', 'why': 'it waited'},
        "the removal of image 'a' was cancelled: it waited",
    ),
    (
        exceptions.Stopped('a', 'as asked'),
        {'image_id': 'a', 'why': 'as asked'},
        "image 'a': stopped, as asked",
    ),
    (
        exceptions.Unfinished('a', 'no end'),
        {'image_id': 'a', 'why': 'no end'},
        "image 'a': its removal has not ended: no end",
    ),
    (
        exceptions.NotUnderstood('a', 'no map'),
        {'image_id': 'a', 'why': 'no map'},
        "image 'a': the answer cannot be understood: no map",
    ),
    (
        exceptions.NotSupported('add images'),
        {'ability': 'add images'},
        'this handler cannot add images',
    ),
    (
        exceptions.HandlerNotFound('xen', ['vmware', 'directory']),
        {'name': 'xen', 'available': ('directory', 'vmware')},
        "no handler is called 'xen'; installed: directory, vmware. Correct "
        'the name or install the package that offers it',
    ),
    (
        exceptions.HandlerNotFound('x', [], 'policy'),
        {'name': 'x', 'available': (), 'kind': 'policy'},
        "no policy is called 'x'; installed: none. Correct the name or "
        'install the package that offers it',
    ),
    (
        exceptions.HandlerLoadError('xen', 'no module'),
        {'name': 'xen', 'why': 'no module', 'kind': 'handler'},
        "handler 'xen' cannot be loaded: no module",
    ),
]


@pytest.mark.parametrize(('error', 'subject', 'text'), TEXTS)
def test_an_error_keeps_its_subject_and_says_it(error, subject, text):
    assert isinstance(error, exceptions.CacheError)
    assert {name: getattr(error, name) for name in subject} == subject
    assert str(error) == text


def test_a_handler_that_fails_is_named_with_its_error():
    cause = KeyError('uuid')

    error = exceptions.HandlerFailed(cause)

    assert error.error is cause
    assert 'KeyError' in str(error)
    assert 'report this to its author' in str(error)


def test_every_error_of_the_package_has_the_one_base():
    for name, kind in vars(exceptions).items():
        if isinstance(kind, type) and issubclass(kind, Exception):
            assert issubclass(kind, exceptions.CacheError), name


def test_what_is_not_supported_is_also_not_implemented():
    assert issubclass(exceptions.NotSupported, NotImplementedError)


@pytest.mark.parametrize(
    'kind',
    [
        exceptions.ImageNotFound,
        exceptions.ImageExists,
        exceptions.ImageBusy,
        exceptions.Unsupported,
        exceptions.Uncertain,
    ],
)
def test_a_hostile_name_is_quoted_and_not_interpreted(kind):
    text = str(kind(HOSTILE, 'because'))

    assert repr(HOSTILE) in text
    assert '\n' not in text
    assert text.endswith('because')
