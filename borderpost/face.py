"""Is this the same face? ``borderpost face match PORTRAIT LIVE`` compares two pictures as the gate does."""

import argparse
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from borderpost.errors import Fault

if TYPE_CHECKING:
    from edge.face.protocols import Found, Image, Matcher

MATCH, NO_MATCH, UNREADABLE, UNDETERMINED, UNABLE = 0, 1, 2, 3, 4  # exit codes
THRESHOLD = 0.58  # stricter than anything published for real faces, and still to be replaced by the post's own


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    face = subparsers.add_parser("face", help="compare faces")
    verbs = face.add_subparsers(dest="face_verb", required=True, metavar="VERB")
    parser = verbs.add_parser(
        "match",
        help="compare a portrait with a live picture",
        description="Exit codes: 0 same face, 1 not, 2 a picture cannot be read, 3 no good face in one, 4 no matcher.",
    )
    parser.add_argument("portrait", type=Path, metavar="PORTRAIT", help="JPEG or JPEG 2000, as in a chip")
    parser.add_argument("live", type=Path, metavar="LIVE", help="a camera's picture")
    parser.add_argument(
        "--threshold", type=float, default=THRESHOLD, help=f"default {THRESHOLD}, the simulators' own: measure yours"
    )
    parser.add_argument("--matcher", default="sface", help="a name of the entry-point group borderpost.matchers")
    parser.add_argument("--json", action="store_true", help="answer with one JSON object")
    parser.set_defaults(run=match)


def match(arguments: argparse.Namespace) -> int:
    """Print the score and what it means at this threshold."""
    matcher = _matcher(arguments.matcher)
    answer = _compared(matcher, _picture(arguments.portrait), _picture(arguments.live), arguments.threshold)
    print(json.dumps(answer) if arguments.json else _sentence(answer))
    return {"match": MATCH, "no-match": NO_MATCH}.get(answer["outcome"], UNDETERMINED)


def _matcher(name: str) -> "Matcher":
    from edge.cage import limits

    os.environ.update(limits.PICTURE_LIMITS)  # before OpenCV wakes up and reads them
    try:
        from edge.face.protocols import MatcherError, matcher_named

        matcher = matcher_named(name)
        matcher.load()
    except ImportError as error:
        cure = "Install the optional packages of group `face` (./run does)."
        raise Fault("no-matcher", f"The matcher needs {error.name}, which is missing.", cure, UNABLE) from error
    except MatcherError as error:
        raise Fault("no-matcher", str(error), "", UNABLE) from error
    return matcher


def _picture(path: Path) -> "Image":
    from edge.cage.decoding import decoded
    from edge.cage.picture import PortraitRefused

    try:
        return decoded(path.read_bytes())
    except OSError as error:
        raise Fault("unreadable", f"{path} cannot be read: {error.strerror}.", "", UNREADABLE) from error
    except PortraitRefused as refused:
        cure = "Give a JPEG or JPEG 2000 of at most 1 MB and 4 million pixels."
        raise Fault("not-a-picture", f"{path} was refused: {refused.reason}.", cure, UNREADABLE) from refused


def _compared(matcher: "Matcher", portrait: "Image", live: "Image", threshold: float) -> dict[str, Any]:
    """The answer as JSON has it (Any: strings, numbers, null)."""
    from edge.face.quality import hint_of

    known, seen = matcher.find(portrait), matcher.find(live)
    hint = hint_of(live, seen) if known else "portrait-without-face"
    score = None if hint else _score(matcher, portrait, known[0], live, seen[0])
    outcome = "not-captured" if score is None else "match" if score >= threshold else "no-match"
    return {
        "outcome": outcome, "hint": hint, "score": score, "threshold": threshold,
        "matcher": matcher.name, "version": matcher.version, "model_sha256": matcher.model_sha256,
    }  # fmt: skip


def _score(matcher: "Matcher", portrait: "Image", known: "Found", live: "Image", seen: "Found") -> float:
    return round(matcher.against(portrait, known)(live, seen), 4)


def _sentence(answer: dict[str, Any]) -> str:
    if answer["score"] is None:
        return f"Not compared: {answer['hint']}."
    verdict = "The same face" if answer["outcome"] == "match" else "Not the same face"
    return f"{verdict}: {answer['score']:.3f} against a threshold of {answer['threshold']:.2f} ({answer['matcher']})."
