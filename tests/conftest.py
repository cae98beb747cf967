"""What all tests share: the real input, and how hard Hypothesis tries."""

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# The machines that run this are shared: a slow example is no failure.
_PATIENT = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}
# The short run judges a change, so it asks each time the same; the long run looks for the new.
settings.register_profile("short", max_examples=50, derandomize=True, **_PATIENT)
settings.register_profile("long", max_examples=2000, **_PATIENT)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "short"))

DATA = Path(__file__).parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Real receipts, documents and photos that nobody here made."""
    if not DATA.is_dir():
        pytest.skip("the folder with real input is not beside this checkout")
    return DATA
