"""``python -m imagecache_handlers.frontends.cli``, as the command itself."""

import sys

from imagecache_handlers.frontends.cli.app import main

sys.exit(main())
