"""The sources, broken on purpose, and by which tests it shows."""

from tests.mutation import Mutant

GLANCE = 'sources/test_glance.py::Test'
IMAGE = 'sources/test_glance_image.py::test_'
ADDRESSES = 'sources/test_addresses.py::test_'
ANSWERS = 'sources/test_answers.py::test_'
URL = 'sources/test_url.py::test_'
FILE = 'sources/test_file.py::test_'
TRUST = 'sources/test_trust.py::test_'
LOADING = 'sources/test_loading.py::test_'


def mutant(name, module, old, new, killer):
    return Mutant(
        name=name,
        killer=killer,
        module=f'sources/{module}',
        old=old,
        new=new,
    )


MUTANTS = [
    mutant(
        'another range is taken',
        'ranges',
        'answer.check_range(start, size)',
        'pass',
        f'{GLANCE}Faults::test_another_range_is_an_error',
    ),
    mutant(
        'all the bytes are taken for the rest',
        'ranges',
        'start = offset if answer.status == _PART else 0',
        'start = offset',
        f'{GLANCE}Reading::test_one_that_ignores_ranges_starts_again',
    ),
    mutant(
        'a part is taken for all',
        'ranges',
        '*([_PART] if offset else [])',
        '_PART',
        f'{GLANCE}Faults::test_a_part_is_an_error_where_all_was_asked_for',
    ),
    mutant(
        'compressed bytes are taken',
        'ranges',
        '        answer.check_encoding()\n',
        '',
        f'{GLANCE}Faults::test_compressed_bytes_are_an_error',
    ),
    mutant(
        'a length that is wrong is not seen at once',
        'ranges',
        'answer.check_length(size - start)',
        'pass',
        f'{GLANCE}Faults::test_a_length_that_is_wrong_is_an_error',
    ),
    mutant(
        'more bytes than there are come through',
        'pieces',
        'if left < 0:',
        'if False:',
        f'{GLANCE}Faults::test_more_bytes_than_there_are_is_an_error',
    ),
    mutant(
        'an early end is taken for the end',
        'pieces',
        '    if left:\n',
        '    if False:\n',
        f'{GLANCE}Faults::test_an_end_that_comes_early_is_none',
    ),
    mutant(
        'who drips is waited for',
        'pieces',
        'if size < _LEAST:',
        'if False:',
        f'{GLANCE}Faults::test_who_drips_is_left',
    ),
    mutant(
        'a token is never renewed',
        'asking',
        'answer.status == 401 and',
        'False and',
        f'{GLANCE}Tokens::test_one_that_has_ended_is_renewed',
    ),
    mutant(
        'an id is put into the URL as it is',
        'glance',
        'check_image_id(image_id)',
        'pass',
        f'{GLANCE}Describing::test_a_hostile_id_is_not_asked_for',
    ),
    mutant(
        'what describes an image may have no end',
        'pieces',
        'if size > most or time.monotonic() > end:',
        'if False:',
        f'{GLANCE}Describing::test_what_describes_no_image_is_refused',
    ),
    mutant(
        'images that are not active are fetched',
        'glance_image',
        "if status != 'active':",
        'if False:',
        f'{IMAGE}what_cannot_be_fetched_and_verified_is_refused',
    ),
    mutant(
        'containers are fetched',
        'glance_image',
        "if container != 'bare':",
        'if False:',
        f'{IMAGE}what_cannot_be_fetched_and_verified_is_refused',
    ),
    mutant(
        'another image is taken for the one that was asked for',
        'glance_image',
        "body.get('id') != image_id",
        "'id' not in body",
        f'{IMAGE}what_cannot_be_fetched_and_verified_is_refused',
    ),
    mutant(
        'md5 is taken where there is better',
        'glance_image',
        'if algorithm is None and value is None:',
        'if True:',
        f'{IMAGE}md5_is_not_told_of_where_there_is_better',
    ),
    mutant(
        'GiB are taken for bytes',
        'glance_image',
        "_read_count(body, 'min_disk') * _GIB",
        "_read_count(body, 'min_disk')",
        f'{GLANCE}Describing::test_all_that_is_known_is_told',
    ),
    mutant(
        'other hosts are followed',
        'http_session',
        "is_same = place != '' and read_origin(there) == origin",
        'is_same = True',
        f'{GLANCE}Redirects::test_any_other_place_is_not',
    ),
    mutant(
        'requests follows by itself',
        'http_session',
        '        yield from ()\n',
        '        yield from super().resolve_redirects(\n'
        '            *arguments, **keywords\n'
        '        )\n',
        f'{GLANCE}Redirects::test_any_other_place_is_not',
    ),
    mutant(
        'who answers is not looked at',
        'http_session',
        'class _Http(_Checked):\n',
        'class _Http(HTTPConnection):\n',
        f'{URL}a_name_that_leads_to_this_host_is_not_asked',
    ),
    mutant(
        'who answers over TLS is not looked at',
        'http_session',
        'class _Https(_Checked, HTTPSConnection):\n',
        'class _Https(HTTPSConnection):\n',
        f'{TRUST}a_name_that_leads_to_this_host_is_not_asked',
    ),
    mutant(
        'headers may drip',
        'http_session',
        '        timer.start()\n',
        '',
        f'{GLANCE}Faults::test_who_drips_headers_is_left',
    ),
    mutant(
        'what Keystone says may have no end',
        'http_session',
        "super().send(request, **keywords | {'stream': True})",
        'super().send(request, **keywords)',
        f'{GLANCE}Tokens::test_keystone_that_drips_is_left',
    ),
    mutant(
        'the environment is heeded',
        'http_session',
        'session.trust_env = False',
        'session.trust_env = True',
        f'{TRUST}no_variable_has_others_asked',
    ),
    mutant(
        'the bundle of requests is trusted too',
        'http_session',
        '    def cert_verify(',
        '    def _cert_verify(',
        f'{TRUST}no_bundle_is_added',
    ),
    mutant(
        'what is near need not be named',
        'addresses',
        'if _means_near(host) and host not in named:',
        'if False:',
        f'{ADDRESSES}what_is_near_has_to_be_named',
    ),
    mutant(
        'what keeps secrets is a place',
        'addresses',
        'if address is not None and address in _METADATA:',
        'if False:',
        f'{ADDRESSES}what_keeps_secrets_is_none_even_if_it_is_named',
    ),
    mutant(
        'an address within an address is not seen',
        'addresses',
        "getattr(found, 'ipv4_mapped', None) or found",
        'found',
        f'{ADDRESSES}what_is_near_has_to_be_named',
    ),
    mutant(
        'secrets in a URL are shown',
        'addresses',
        'host.rpartition("@")[2]',
        'host',
        f'{ADDRESSES}secrets_are_not_shown',
    ),
    mutant(
        'a source is left alone for as long as it likes',
        'answers',
        'min(float(text), _LONGEST)',
        'float(text)',
        f'{ANSWERS}how_long_to_wait',
    ),
    mutant(
        'a hash that anybody can forge is taken',
        'checksums',
        "_STRONG = 'sha512', 'sha256'",
        "_STRONG = 'sha512', 'sha256', 'md5'",
        f'{URL}a_hash_that_proves_nothing_is_refused',
    ),
    mutant(
        'halves of two contents are put together',
        'file',
        'start = min(offset, now.size) if now.checksum else 0',
        'start = min(offset, now.size)',
        f'{FILE}without_one_it_is_read_from_the_first',
    ),
    mutant(
        'another file than the one that was described is read',
        'file',
        'if (now.size, now.checksum) != (meta.size, meta.checksum):',
        'if False:',
        f'{FILE}one_of_another_size_than_it_was_described_with_is_refused',
    ),
    mutant(
        'a password is sent for all to read',
        'login_loading',
        "is_plain and kind != 'none' and not given['insecure']",
        'False',
        f'{LOADING}the_option_to_set_is_named',
    ),
]
