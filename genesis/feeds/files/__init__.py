"""Readers and writers of recorded market data: a file in, the columns of a stream and a report out."""

from genesis.feeds.files.formats import Format, OhlcvColumns
from genesis.feeds.files.joining import joined
from genesis.feeds.files.options import QuoteBarsAs, ReadOptions
from genesis.feeds.files.policies import Policy, Problem, parse_policies
from genesis.feeds.files.reader import OF_PERPETUALS, detect, infer_steps, read
from genesis.feeds.files.reading import GapInfo, Latency, Reading, ReadReport, Repair, Steps, align_capture
from genesis.feeds.files.touch import touch_of
from genesis.feeds.files.writer import write_stream

__all__ = [
    "OF_PERPETUALS",
    "Format",
    "GapInfo",
    "Latency",
    "OhlcvColumns",
    "Policy",
    "Problem",
    "QuoteBarsAs",
    "ReadOptions",
    "ReadReport",
    "Reading",
    "Repair",
    "Steps",
    "align_capture",
    "detect",
    "infer_steps",
    "joined",
    "parse_policies",
    "read",
    "touch_of",
    "write_stream",
]
