"""Recompute the decisions of an export of Genesis with nothing but Python's standard library: python3 -S -E recompute.py -h

verify.py says whether these are the entries that were signed; this says whether what they decide follows from what they hold. It reads the run chain in
order and makes everything again by the rules of docs/PROMOTION.md, docs/LADDER.md and docs/EVIDENCE.md: evidence from the bars' returns, trades from the
trades, verdicts from values and thresholds, every promotion decision from what went into it, every A/B verdict from the variants' bars. What the entries
cannot give is taken from the record, and said at the end. Every finding is a line. Exit code 0: all of it follows, 1: findings, 2: wrong arguments.
"""

import sys
from pathlib import Path

# The rules are in the folder beside this file. Python's own modules come first, and nothing is left behind in the folder: an export stays as it was signed.
sys.path.append(str(Path(__file__).resolve().parent))
sys.dont_write_bytecode = True

from recomputation.report import broken_links, main, recompute  # noqa: E402

__all__ = ["broken_links", "main", "recompute"]

if __name__ == "__main__":
    sys.exit(main(__doc__))
