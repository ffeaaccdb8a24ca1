"""Write the contract's tables, schemas and AsyncAPI file, or say which are stale: ``python -m messages.contract``."""

import argparse
import sys
from pathlib import Path

from messages.contract.page import pages, stale


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m messages.contract", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 when a file is stale")
    parser.add_argument("--docs", type=Path, default=Path("docs"), help="the folder of contract.md")
    arguments = parser.parse_args()
    if arguments.check:
        found = stale(arguments.docs)
        for name in found:
            print(f"{arguments.docs / name} is stale: run `python -m messages.contract`.", file=sys.stderr)
        return 1 if found else 0
    for name, text in pages(arguments.docs).items():
        path = arguments.docs / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
