"""Write what Prometheus and Grafana read into contrib/, from our code."""

import json
import pathlib
import sys

import yaml

from imagecache_handlers.frontends.metrics.alerts import make_rules
from imagecache_handlers.frontends.metrics.board import make_board

CONTRIB = pathlib.Path(__file__).parents[1] / 'contrib'
HEAD = '# Made by tools/make_contrib.py from frontends/metrics/alerts.py.\n'


def write_rules() -> str:
    return HEAD + yaml.safe_dump(make_rules(), sort_keys=False, width=76)


def write_board() -> str:
    return json.dumps(make_board(), indent=2) + '\n'


FILES = {
    'prometheus/imagecache.rules.yaml': write_rules,
    'grafana/imagecache.json': write_board,
}


def main() -> None:
    for name, write in FILES.items():
        path = CONTRIB / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(write())


if __name__ == '__main__':
    sys.exit(main())
