"""Naming: how people are told who uses an image."""

# Characters of a name that are shown.
_LONGEST = 60


def name_user(name: str, uuid: str) -> str:
    """Give name and uuid of what uses an image; no name that is unsound."""
    name = name.strip()[:_LONGEST]
    if not name or not name.isprintable():
        return uuid
    # Several users are listed with commas.
    shown = f'"{name}"' if ',' in name else name
    return f'{shown} ({uuid})'
