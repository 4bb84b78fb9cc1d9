"""Libraries that take the place of the system's calls, built when a test asks for them."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest


def library(source: str, folder: Path, what: str) -> Path:
    """The library of a C file of this folder, built into ``folder``, for ``LD_PRELOAD``; without a compiler the test is skipped, which needed ``what``."""
    compiler = shutil.which("cc")
    if compiler is None or not sys.platform.startswith("linux"):
        pytest.skip(f"needs a C compiler and Linux: {what}")
    code = Path(__file__).with_name(source)
    built = folder / code.with_suffix(".so").name
    subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-o", str(built), str(code), "-ldl"], check=True)
    return built
