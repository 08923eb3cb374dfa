"""One process's images: their ids, and the bytes that each has."""

import uuid

IMAGES = [str(uuid.UUID(int=number)) for number in range(24)]


def content_of(image_id: str) -> bytes:
    return image_id.encode() * 2000
