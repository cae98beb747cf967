"""What a picture looks like, in 128 bits that near copies have in common.

A difference hash (N. Krawetz, "Kind of Like That", 2013): the picture in grey and tiny, and for
each two neighbours whether it gets brighter; 64 bits along the rows, then 64 down the columns.
Copies in another size, quality or file format differ in few bits, other pictures in about half.
"""

from PIL import Image

_SIDE = 8
# Bits that stand beside each other come from all over the picture, so that an empty sky does not
# make a whole band of them alike.
_STRIDE = 37
_LEAST_CONTRAST = 24  # of 255: in a picture that has less, the bits are noise


def likeness(picture: Image.Image) -> str | None:
    """The likeness as 32 hexadecimal digits; None for a picture in which nothing can be seen."""
    grey = picture.convert("L")
    across = _tiny(grey, _SIDE + 1, _SIDE)
    low, high = min(across), max(across)
    if high - low < _LEAST_CONTRAST:
        return None
    down = _tiny(grey, _SIDE, _SIDE + 1)
    bits = [
        across[row * (_SIDE + 1) + column + 1] > across[row * (_SIDE + 1) + column]
        for row in range(_SIDE)
        for column in range(_SIDE)
    ]
    bits += [down[place + _SIDE] > down[place] for place in range(_SIDE * _SIDE)]
    number = sum(bits[place * _STRIDE % len(bits)] << place for place in range(len(bits)))
    return f"{number:032x}"


def _tiny(grey: Image.Image, width: int, height: int) -> bytes:
    return grey.resize((width, height), Image.Resampling.BOX).tobytes()
