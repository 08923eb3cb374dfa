"""Joint folders: one that tells two labels, where no other can be made.

A full datastore may take no new folder, but renames those that are there.
So a claim takes the place of another label, and tells that one as well: in
one step, of which one of several hosts comes first.
"""

from collections.abc import Iterable
import dataclasses
import datetime
import re

from imagecache_handlers.labels import claim_label
from imagecache_handlers.labels import read_time

# Labels that nobody looks for by its folder to keep the image: those of pins,
# leases and claims of others stay what they are.
_REPLACED = re.compile(r'ic-(hits|seen|undeletable)\.[a-z0-9._-]+')
_STAMP = re.compile(r'ts-(\d{4}(?:-\d\d){5})', flags=re.ASCII)
_CLAIM = re.compile(r'ic-(claim\.([a-z0-9_-]+)\.(\d{8}t\d{6}z))')

# What Nova strips off the begin of a mark before it reads its time.
_DIGITS = '-ts'
_CODED = re.compile(r'ts-([ts-]+)(\d{4}(?:-\d\d){5})', flags=re.ASCII)
_HEX = re.compile(r'[0-9a-f]{1,16}')
_BEGIN = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
# More seconds than there are in a time that can be told.
_SECONDS = 2**38
# Shields are this far ahead; they are no age.
_SHIELD = '9999-01-01-00-00-00'


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Rename:
    """A folder that gives way, and what it is called then."""

    old: str
    new: str


def is_mark(folder: str) -> bool:
    """Tell if a folder is a mark of Nova's that tells an age."""
    stamp = _STAMP.fullmatch(split_folder(folder)[0])
    return stamp is not None and stamp[1] != _SHIELD


def split_folder(folder: str) -> tuple[str, ...]:
    """Name the folders that one stands for: itself, unless it is joint."""
    own, plus, label = folder.partition('+')
    claim = f'ic-{label}'
    if plus and _REPLACED.fullmatch(own) and _CLAIM.fullmatch(claim):
        return own, claim
    found = _CODED.fullmatch(folder)
    coded = _decode_claim(found[1]) if found else None
    if found and coded:
        return f'ts-{found[2]}', f'ic-{coded}'
    return (folder,)


def join_folders(folder: str, claim: str) -> str | None:
    """Name the one that stands for a folder and that of a claim.

    None: it cannot be told with the other.  A mark of Nova's stays one, of
    the same time.
    """
    found = _CLAIM.fullmatch(claim)
    if found and _REPLACED.fullmatch(folder):
        return f'{folder}+{found[1]}'
    stamp = _STAMP.fullmatch(folder)
    if not found or not stamp or stamp[1] == _SHIELD:
        return None
    code = _encode_claim(found[2], found[3])
    return f'ts-{code}{stamp[1]}' if code else None


def find_rename(
    folders: Iterable[str], claim: str, leaving: Iterable[str] = ()
) -> Rename | None:
    """Find a folder that gives way to that of a claim; None: none does.

    ``leaving`` names those that are to go anyway, such as an earlier claim.
    Those that Nova knows nothing of give way first.
    """
    if not _CLAIM.fullmatch(claim):
        return None
    going = frozenset(leaving)
    found = []
    for folder in sorted(folders):
        told = split_folder(folder)
        stays = [one for one in told if one not in going]
        if len(stays) > 1:
            continue
        new = join_folders(stays[0], claim) if stays else claim
        if new is not None:
            found.append(Rename(old=folder, new=new))
    return min(found, key=lambda one: one.old.startswith('ts-'), default=None)


def find_dead_claims(
    folders: Iterable[str], dead: datetime.datetime
) -> frozenset[str]:
    """Name the folders of claims that were over at that time."""
    return frozenset(
        one
        for folder in folders
        for one in split_folder(folder)
        if (found := _CLAIM.fullmatch(one))
        and (at := read_time(found[3])) is not None
        and at < dead
    )


def _encode_claim(token: str, time: str) -> str | None:
    """Write a claim in letters that Nova strips; None: it cannot be."""
    at = read_time(time)
    if at is None or at < _BEGIN or not _HEX.fullmatch(token):
        return None
    seconds = int((at - _BEGIN).total_seconds())
    # The 1 keeps the zeros that a token begins with.
    number = int(f'1{token}', 16) * _SECONDS + seconds
    code = ''
    while number:
        number, digit = divmod(number, len(_DIGITS))
        code = _DIGITS[digit] + code
    return code


def _decode_claim(code: str) -> str | None:
    """Read a claim that was written so; None: it is not one."""
    number = 0
    for digit in code:
        number = number * len(_DIGITS) + _DIGITS.index(digit)
    token, seconds = divmod(number, _SECONDS)
    text = f'{token:x}'
    # What is not written as above is not read as something else.
    if not text.startswith('1') or not _HEX.fullmatch(text[1:]):
        return None
    try:
        at = _BEGIN + datetime.timedelta(seconds=seconds)
    except OverflowError:
        return None
    label = claim_label(text[1:], at)
    found = _CLAIM.fullmatch(f'ic-{label}')
    is_same = found and _encode_claim(found[2], found[3]) == code
    return label if is_same else None
