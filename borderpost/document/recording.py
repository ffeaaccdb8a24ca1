"""How does a verb write down an inspection? ``--record CLASS`` beside the verdict. (docs/contract.md, 11.7)

add_options(parser)                              # in the verb's add_parser
begun = begin(reader=url)                        # before the document is touched
...
if not write(arguments, replace(begun, checks=checks, chip_zone=zone, signer=signer, files=files)):
    print(json.dumps(verdict_form(checks)))      # the record has not taken the verdict's place
"""

import argparse
import os
import sys
from typing import TYPE_CHECKING

from borderpost.errors import Fault

if TYPE_CHECKING:
    from icao.record.facts import Inspected

CLASSES = ("basic", "standard", "full")
FORMS = ("json", "xml")
ONLY_OWNER = 0o600  # a record may hold what a document says of its holder


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--record", choices=CLASSES, help="write an inspection record after BSI TR-03135 of this class")
    parser.add_argument("--record-as", choices=FORMS, default="json", help="its form (json)")
    parser.add_argument("--record-to", metavar="F", help="its file; without one it stands in the verdict's place")


def begin(reader: str = "") -> "Inspected":
    """The beginning of an inspection; ``dataclasses.replace`` adds what was found."""
    from datetime import UTC, datetime
    from importlib.metadata import version
    from uuid import uuid4

    from icao.record.facts import Inspected, System

    system = System("borderpost", version("borderpost"), reader=reader)
    return Inspected(uuid4().hex, datetime.now(UTC), 0.0, system, ())


def write(arguments: argparse.Namespace, inspected: "Inspected") -> bool:
    """Write the record that was asked for; True when it went to standard output. Raises Fault."""
    if arguments.record is None:
        return False
    from dataclasses import replace
    from datetime import UTC, datetime

    from icao.record.record import LogClass, record
    from icao.record.writing import written

    took_ms = max(0.0, (datetime.now(UTC) - inspected.began).total_seconds() * 1000)
    made = record(replace(inspected, duration_ms=took_ms), LogClass(arguments.record))
    encoded = written(made, arguments.record_as) + b"\n"
    if arguments.record_to is None:
        sys.stdout.write(encoded.decode("ascii"))
        return True
    _keep(arguments.record_to, encoded)
    return False


def _keep(path: str, encoded: bytes) -> None:
    try:
        # Whoever put a link here would choose where personal data go.
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, ONLY_OWNER)
        with os.fdopen(descriptor, "wb") as file:
            file.write(encoded)
    except OSError as error:
        cure = "Give a file in a folder that you may write to."
        raise Fault("record-not-written", f"The record cannot be written: {error.strerror}.", cure) from error
