"""What does a document say, and is it genuine? ``borderpost document VERB``: one file each, and one lazy import."""

import argparse
from importlib import import_module

VERBS = ("mrz", "read", "seal", "trust", "verify")


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    document = subparsers.add_parser("document", help="inspect a travel document")
    verbs = document.add_subparsers(dest="document_verb", required=True, metavar="VERB")
    for verb in VERBS:
        import_module(f"borderpost.document.{verb}").add_parser(verbs)
