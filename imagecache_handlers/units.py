"""Units: numbers of bytes as people read them."""

_UNITS = ('B', 'KiB', 'MiB', 'GiB')


def size(count: int) -> str:
    """Write a number of bytes in B, KiB, MiB or GiB."""
    scaled = float(count)
    unit = 0
    # By what would be shown: 1023.96 KiB would be rounded to 1024.0 KiB.
    while round(scaled, 1) >= 1024 and unit < len(_UNITS) - 1:
        scaled /= 1024
        unit += 1
    return f'{scaled:.1f}'.removesuffix('.0') + f' {_UNITS[unit]}'
