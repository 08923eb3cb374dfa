"""Addresses of hosts, bare and in URLs."""


def bracketed(address: str) -> str:
    """Write an address as it stands in a URL."""
    return f'[{address}]' if ':' in address else address
