"""``./run fuzz [SECONDS]``: garbage for every door through which others' bytes come in."""

import argparse
import json
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path

from tests.fuzz.targets import targets
from tests.fuzz.trial import Score, trial


def main() -> int:
    parser = argparse.ArgumentParser(prog="./run fuzz", description=__doc__)
    parser.add_argument("seconds", nargs="?", type=float, default=60.0, help="how long altogether (default: 60)")
    parser.add_argument("--seed", type=int, default=1, help="the same seed: the same inputs, as far as the time goes")
    parser.add_argument("--only", metavar="NAME", default="", help="the targets whose name contains this")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="borderpost-fuzz-") as folder:
        chosen = [target for target in targets(Path(folder)) if options.only in target.name]
        if not chosen:
            parser.error(f"no target's name contains {options.only!r}")
        scores = trial(chosen, options.seconds, options.seed)
    print(json.dumps({name: asdict(score) for name, score in scores.items()}) if options.json else table(scores))
    return int(any(score.findings for score in scores.values()))


def table(scores: dict[str, Score]) -> str:
    lines = [f"{'target':34}{'inputs':>9}{'taken':>9}{'refused':>9}{'slowest':>12}{'grown by':>12}"]
    for name, score in scores.items():
        lines.append(
            f"{name:34}{score.inputs:9}{score.taken:9}{score.refused:9}"
            f"{score.slowest_ms:9.1f} ms{score.grown_mb:9.1f} MB"
        )
    findings = [finding for score in scores.values() for finding in score.findings]
    lines += [f"FOUND in {finding.target}: {finding.what}\n  {finding.drawn}" for finding in findings]
    total = sum(score.inputs for score in scores.values())
    lines.append(
        f"{total} inputs, {len(findings)} of them slipped through." if findings else f"{total} inputs: all held."
    )
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
