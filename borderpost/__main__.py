"""The command line: one verb, one lazy import."""

import argparse
import importlib
import sys
from collections.abc import Sequence
from typing import Any, NoReturn

from borderpost.errors import Fault, say

# Each verb's module offers add_parser(subparsers); the module itself imports its app only when the verb runs.
VERBS = ("demo", "doctor", "document", "edge", "gate", "gateway", "device", "face", "sim")


class Parser(argparse.ArgumentParser):
    """A wrong word is a Fault like any other, so that it too is an object with --json. And half a word is a wrong one:
    what it meant today may be another option tomorrow, and then a script that no one looks at says that."""

    def __init__(self, **options: Any) -> None:  # as argparse takes them
        super().__init__(allow_abbrev=False, **options)

    def error(self, message: str) -> NoReturn:
        raise Fault("usage", f"{message[:1].upper()}{message[1:].rstrip('.')}.", f"See `{self.prog} --help`.")


def build() -> argparse.ArgumentParser:
    parser = Parser(prog="borderpost", description="An open border post.")
    parser.add_argument("--debug", action="store_true", help="show the traceback of an error")
    subparsers = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    for verb in VERBS:
        importlib.import_module(f"borderpost.{verb}").add_parser(subparsers)
    return parser


def main(words: Sequence[str] | None = None) -> int:
    """Run one verb; an error is a sentence, and with --json an object on standard output (docs/contract.md, 9)."""
    words = sys.argv[1:] if words is None else words
    debug, as_json = "--debug" in words, "--json" in words
    try:
        arguments, unknown = build().parse_known_args(words)
        if unknown:
            raise _too_much(unknown)
        return int(arguments.run(arguments))
    except Fault as fault:
        if debug:
            raise
        return say(fault, as_json=as_json)
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # Somebody closed the pipe (| head): nothing is left to say.
        return 0
    except Exception as error:
        if debug:
            raise
        if isinstance(error, OSError) and error.filename is not None:  # a path that was typed wrong, a disk, an owner
            return say(_unusable(error), as_json=as_json)
        unexpected = Fault(
            "unexpected",
            f"Something failed that should not: {type(error).__name__}.",
            "Run the command again with `borderpost --debug ...` and report what it prints.",
            exit_code=70,
        )
        return say(unexpected, as_json=as_json)


def _unusable(error: OSError) -> Fault:
    message = f"{error.filename} cannot be used: {error.strerror}."
    return Fault("unusable-path", message, "Look at the path, its owner and the room on its disk.")


def _too_much(words: Sequence[str]) -> Fault:
    """What is no option is not repeated: it may be a line of somebody's zone."""
    options = [word.partition("=")[0] for word in words if word.startswith("-")]
    what = ", ".join(options) or f"{len(words)} that belong to no option"
    return Fault("usage", f"Unrecognized arguments: {what}.", "See `--help` behind the same verb.")


if __name__ == "__main__":
    sys.exit(main())
