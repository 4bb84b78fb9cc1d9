"""One self-contained HTML page of a run: tables and inline SVG. Nothing is fetched, no script is needed."""

from __future__ import annotations

from genesis.monitoring.report.page import render as render
from genesis.monitoring.report.values import RunReport as RunReport
from genesis.monitoring.report.values import TrackReport as TrackReport
