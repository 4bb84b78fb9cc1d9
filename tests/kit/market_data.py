"""Where the recorded market data for tests are."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

DATA: Final = Path(os.environ.get("GENESIS_TEST_DATA") or Path(__file__).parents[3] / "shared" / "data")
"""The folder that ``GENESIS_TEST_DATA`` names, or the one beside the repository; it may be missing."""
