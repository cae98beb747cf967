"""A program for a 32-bit processor: what nobody builds its decoder for is said to be unreadable."""

import sys

import pytest

from unibos.base.errors import Unsupported
from unibos.modules.documents import reading
from unibos.modules.documents.reading import Options, read


@pytest.mark.parametrize(
    ("module", "media_type", "content"),
    [
        ("pypdfium2", "application/pdf", b"%PDF-1.3\n%%EOF"),
        ("pillow_heif", "image/heic", b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + b"\0" * 40),
    ],
)
def test_a_type_without_a_decoder_is_refused_by_its_name(
    monkeypatch, tmp_path, module, media_type, content
):
    source = tmp_path / "source"
    source.write_bytes(content)
    monkeypatch.setitem(sys.modules, module, None)
    # It may have been imported by another test.
    monkeypatch.delitem(sys.modules, f"{reading.__name__}.pdf", raising=False)
    monkeypatch.delattr(reading, "pdf", raising=False)
    with pytest.raises(Unsupported) as refused:
        read(source, media_type, Options(), tmp_path, lambda *_: None)
    assert refused.value.code == "media_type_unsupported"
    assert media_type in refused.value.detail
    assert "worker" in refused.value.hint
