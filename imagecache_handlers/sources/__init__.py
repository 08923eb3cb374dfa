"""Sources: where images are fetched from: Glance, a URL, a file."""
