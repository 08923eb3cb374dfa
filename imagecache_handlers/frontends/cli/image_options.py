"""Image options: which images are to be fetched, and for how long."""

import argparse

from imagecache_handlers.frontends.cli import arguments
from imagecache_handlers.frontends.cli import image_list


def add_names_to(
    parser: argparse.ArgumentParser, metavar: str, what: str
) -> None:
    """Add any number of images; ``what`` says by what each is named."""
    parser.add_argument(
        'images', nargs='*', type=arguments.image, metavar=metavar, help=what
    )


def add_images_to(parser: argparse.ArgumentParser) -> None:
    """Add the ids that are named, and a list of such."""
    add_names_to(parser, 'ID', 'the id that an image has in the image service')
    parser.add_argument(
        '--list',
        metavar='FILE',
        dest='image_list',
        help='these images as well, one id a line; "-" is standard input',
    )


def add_ttl_to(parser: argparse.ArgumentParser, default: str) -> None:
    """Add for how long they are kept; ``default`` says who decides else."""
    parser.add_argument(
        '--ttl',
        type=arguments.span,
        metavar='SPAN',
        help='keep them so long for their first use, as in 12h or 3d '
        f'(default: {default})',
    )


def read_images(options: argparse.Namespace) -> list[str]:
    """Give all ids that were named or listed, each once.

    :raises ConfigurationError: when the list cannot be read.
    """
    images = list(options.images)
    if options.image_list is not None:
        images += image_list.read_ids(options.image_list)
    return list(dict.fromkeys(images))
