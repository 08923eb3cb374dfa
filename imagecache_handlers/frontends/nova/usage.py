"""Usage: the bytes of a cache, as Nova's resource tracker wants them."""

import os

from imagecache_handlers.actions.report import Did
from imagecache_handlers.actions.report import Report


def measure_folder(instances_path: str, folder: str) -> int:
    """Count the bytes that files of a folder take from the instances.

    0 where it lies on another device, for there it takes none, and where it
    cannot be read.
    """
    try:
        if os.stat(instances_path).st_dev != os.stat(folder).st_dev:
            return 0
        return sum(_count_allocated(entry) for entry in os.scandir(folder))
    except OSError:
        return 0


def _count_allocated(entry: 'os.DirEntry[str]') -> int:
    return entry.stat().st_blocks * 512 if entry.is_file() else 0


def count_images(report: Report | None) -> int:
    """Count the bytes of the images that a sweep left; 0 before the first."""
    if report is None:
        return 0
    gone = {
        one.verdict.image.identity
        for one in report.outcomes
        if one.did in (Did.EVICTED, Did.GONE)
    }
    images = [verdict.image for verdict in report.plan.verdicts]
    return sum(one.size for one in images if one.identity not in gone)
