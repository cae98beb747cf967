"""The benchmarks are scripts that import their siblings; tests find these the same way."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[2] / "benchmarks"))
