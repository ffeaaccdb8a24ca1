"""``borderpost edge run``: one lane of one post, from its configuration file."""

import argparse
from pathlib import Path

from borderpost.errors import Fault


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    verbs = subparsers.add_parser("edge", help="run a lane").add_subparsers(dest="what", required=True, metavar="WHAT")
    parser = verbs.add_parser("run", help="run one lane until it is told to stop")
    parser.add_argument("--config", type=Path, required=True, metavar="FILE", help="the lane's edge.toml")
    parser.add_argument("--json", action="store_true", help="errors as JSON")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    from edge.__main__ import serve
    from edge.config import ConfigError, read
    from edge.opening import CannotStart

    try:
        return serve(read(arguments.config))
    except ConfigError as error:
        cure = error.cure or f"Correct {arguments.config} and start again."
        raise Fault("bad-config", error.message, cure) from error
    except CannotStart as error:
        raise Fault("cannot-start", error.message, error.cure, exit_code=4) from error
