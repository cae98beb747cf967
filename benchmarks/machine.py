"""What a result was measured on."""

import os
import platform


def describe() -> dict[str, object]:
    """Cores, architecture, Python, and how busy the machine was before (1-minute load)."""
    return {
        "cores": os.cpu_count(),
        "machine": platform.machine(),
        "python": platform.python_version(),
        "load_before": round(os.getloadavg()[0], 2),
    }
