"""Notes: title, body, tags; the one-page example of a module.

A module is a manifest. This one only declares a collection: storing, checking, searching and the
HTTP API come with it.
"""

from unibos.core.module.manifest import Module
from unibos.core.store.definitions import Collection, Export, Search
from unibos.core.store.drafts import Schema

NOTES = Collection(
    name="notes",
    schema=Schema(
        {
            "type": "object",
            "properties": {
                "title": {"type": "string", "maxLength": 500},
                "body": {"type": "string"},
                "tags": {"type": "array", "items": {"type": "string", "maxLength": 100}},
            },
        }
    ),
    export=Export.LOCAL,
    search=Search("title", ("body", "tags")),
    module="notes",
)

MODULE = Module("notes", collections=(NOTES,))
