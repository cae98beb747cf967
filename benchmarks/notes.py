"""Made-up notes: the same payload for every server, some 300 bytes of JSON each."""

import random

Note = dict[str, object]

WORDS = (
    "water",
    "meter",
    "boiler",
    "pressure",
    "low",
    "order",
    "filter",
    "check",
    "invoice",
    "from",
    "March",
    "and",
    "file",
    "call",
    "about",
    "garden",
    "fence",
    "measure",
    "twice",
    "paint",
    "north",
    "wall",
    "before",
    "rain",
    "seeds",
    "arrive",
    "Tuesday",
    "battery",
    "solar",
    "panel",
    "cleaned",
    "spare",
    "keys",
    "under",
    "train",
    "leaves",
)
TAGS = ("home", "garden", "energy", "paper", "travel", "later")
BODY_WORDS = 36


def make_notes(count: int, seed: int = 1) -> list[Note]:
    """``count`` different notes, the same ones for the same seed."""
    source = random.Random(seed)
    return [
        {
            "title": f"{source.choice(WORDS).title()} {source.choice(WORDS)} {number}",
            "body": " ".join(source.choices(WORDS, k=BODY_WORDS)),
            "tags": source.sample(TAGS, 2),
        }
        for number in range(count)
    ]
