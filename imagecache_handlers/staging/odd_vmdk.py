"""Odd VMDK: kinds that oslo.utils takes for raw, and QEMU for what they are.

Each may name other files.  Who opens a disk and lets QEMU find out what it is
would have it read these, whatever the image was declared.
"""

import os
import re

# By so many bytes QEMU tells formats.
_PROBED = 512
_OLDEST = b'COWD'
_TITLE = b'# Disk DescriptorFile'
# Comments and blank lines, and then what no other file begins with.
_WORDS = re.compile(rb'(?:[ \t]*(?:#[^\n]*)?\r?\n)*[ \t]*version *=', re.I)


def explain_odd_vmdk(fd: int) -> str | None:
    """Say why nobody is to open such a file; None: it is none."""
    head = os.pread(fd, _PROBED, 0)
    if head.startswith(_OLDEST):
        return 'it begins as a vmdk of the oldest kind, and may have a parent'
    if head.startswith(_TITLE) or _WORDS.match(head):
        return (
            'it begins as the descriptor of a vmdk, which only names the '
            'files that have the data'
        )
    return None
