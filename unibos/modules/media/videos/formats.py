"""Which files are videos, told by their first bytes, and what ffmpeg may use to read them.

A container is read by the one demuxer that its bytes call for, and frames by decoders of this list:
playlists, concatenations and whatever else names other files are no format here.
"""

from collections.abc import Mapping

DEMUXERS: Mapping[str, str] = {
    "video/mp4": "mov",
    "video/quicktime": "mov",
    "video/3gpp": "mov",
    "video/webm": "matroska",
    "video/x-matroska": "matroska",
    "video/x-msvideo": "avi",
    "video/mp2t": "mpegts",
    "video/mpeg": "mpeg",
    "video/ogg": "ogg",
    "video/x-ms-wmv": "asf",
}
"""Media types that are taken, and the demuxer of each as ffmpeg calls it."""

_VIDEO_DECODERS = (
    "h264 hevc av1 libdav1d libaom-av1 vp8 libvpx vp9 libvpx-vp9 mpeg4 h263 mpeg2video mpeg1video"
    " mjpeg msmpeg4v2 msmpeg4 wmv1 wmv2 wmv3 vc1 theora prores dvvideo ffv1"
)
_AUDIO_DECODERS = (
    "aac mp3 mp3float mp2 mp2float opus libopus vorbis libvorbis ac3 eac3 flac alac amrnb amrwb"
    " libopencore_amrnb libopencore_amrwb wmav1 wmav2 adpcm_ms adpcm_ima_wav adpcm_ima_qt"
    " pcm_s16le pcm_s16be pcm_s24le pcm_s24be pcm_s32le pcm_f32le pcm_u8 pcm_s8 pcm_alaw pcm_mulaw"
    " pcm_bluray pcm_dvd"
)
DECODERS = ",".join((_VIDEO_DECODERS + " " + _AUDIO_DECODERS).split())
"""The decoders that may run, as ffmpeg's ``-codec_whitelist`` takes them."""

_BOXES = frozenset({b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip"})
_PREFIXES = (
    (b"\x00\x00\x01\xba", "video/mpeg"),
    (b"OggS", "video/ogg"),
    (b"\x30\x26\xb2\x75\x8e\x66\xcf\x11\xa6\xd9\x00\xaa\x00\x62\xce\x6c", "video/x-ms-wmv"),
)
_EBML = b"\x1aE\xdf\xa3"
_SYNC = 0x47
_PACKETS = ((0, 188), (4, 192))
"""Where the first packet of an MPEG transport stream begins, and how far it is to the next one: as
broadcast (ISO/IEC 13818-1), and with the time stamps of camcorders (AVCHD) before each."""
_PACKETS_SEEN = 3


def sniff(head: bytes) -> str | None:
    """The media type of a video that starts with ``head``; None for all else.

    Photos in a video's container (HEIC, AVIF) are to be told apart before.
    """
    if head[4:8] in _BOXES:
        return _isobmff(head)
    if head.startswith(_EBML):
        return "video/webm" if b"webm" in head[:64] else "video/x-matroska"
    if head[:4] == b"RIFF" and head[8:12] == b"AVI ":
        return "video/x-msvideo"
    for prefix, media_type in _PREFIXES:
        if head.startswith(prefix):
            return media_type
    return "video/mp2t" if _is_transport_stream(head) else None


def _isobmff(head: bytes) -> str:
    """By the brand (ISO/IEC 14496-12, section 4.3); QuickTime files of old have none."""
    if head[4:8] != b"ftyp" or head[8:12] == b"qt  ":
        return "video/quicktime"
    return "video/3gpp" if head[8:11] in (b"3gp", b"3g2") else "video/mp4"


def _is_transport_stream(head: bytes) -> bool:
    for start, step in _PACKETS:
        places = [start + step * number for number in range(_PACKETS_SEEN)]
        if places[-1] < len(head) and all(head[place] == _SYNC for place in places):
            return True
    return False
