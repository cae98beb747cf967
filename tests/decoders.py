"""Marks for tests of files whose decoders are not built for every processor."""

import importlib.util

import pytest

needs_pdf = pytest.mark.skipif(
    importlib.util.find_spec("pypdfium2") is None, reason="these modules have no PDFium"
)
needs_heic = pytest.mark.skipif(
    importlib.util.find_spec("pillow_heif") is None, reason="these modules have no libheif"
)
