"""Whatever claims to be a form, reading it ends in a file or in an error of ours."""

import asyncio

from hypothesis import example, given
from hypothesis import strategies as st

from unibos.base.errors import Malformed, TooLarge
from unibos.core.module.endpoint import File
from unibos.transports.http.uploads import read_upload

LIMIT = 1000
FILE = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n'
PIECES = st.lists(
    st.one_of(
        st.binary(max_size=20),
        st.sampled_from(
            [
                FILE,
                b"--b\r\n",
                b"\r\n--b\r\n",
                b"\r\n--b--\r\n",
                b"--b--",
                b"Content-Disposition: form-data; name=file\r\n\r\n",
                b"Content-Disposition: ",
                b"Content-Type: \xff\xfe; a=\r\n",
                b"\r\n\r\n",
                b"x" * 5000,
                b";;; =\x00 filename*=utf-8''%E2%82%AC",
            ]
        ),
    ),
    max_size=8,
)


def take_in(content_type, chunks):
    """The name and the bytes of what comes in."""
    messages = [{"type": "http.request", "body": chunk, "more_body": True} for chunk in chunks]
    messages.append({"type": "http.request", "body": b""})

    async def receive():
        return messages.pop(0)

    async def whole():
        upload = await read_upload(File(LIMIT, "file"), {"content-type": content_type}, receive)
        return upload.filename, b"".join([chunk async for chunk in upload.chunks()])

    return asyncio.run(whole())


@given(PIECES)
@example([FILE, b"hello", b"\r\n--b--\r\n"])
def test_any_body(chunks):
    try:
        _, content = take_in("multipart/form-data; boundary=b", chunks)
    except (Malformed, TooLarge):
        return
    assert content in b"".join(chunks)


@given(st.text(st.characters(max_codepoint=255), max_size=60))
@example("; boundary")
@example("=;=;=")
@example('boundary="')
@example("boundary=b; boundary=c")
@example("\x00")
def test_any_content_type(rest):
    try:
        take_in("multipart/form-data;" + rest, [FILE, b"hello", b"\r\n--b--\r\n"])
    except (Malformed, TooLarge):
        return


@given(st.binary(max_size=200), st.integers(1, 40))
def test_a_file_is_the_same_however_its_form_is_cut(content, size):
    body = FILE + content + b"\r\n--b--\r\n"
    chunks = [body[start : start + size] for start in range(0, len(body), size)]
    if b"\r\n--b" not in content:
        assert take_in("multipart/form-data; boundary=b", chunks) == ("a", content)
