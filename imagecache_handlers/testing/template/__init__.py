"""A folder of images: a handler to begin with, replaced piece by piece."""
