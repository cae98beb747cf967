"""The instance's key pair."""

from pathlib import Path


class InstanceKey:
    """An Ed25519 key pair (RFC 8032) in ``<data>/instance.key``; the instance's id comes from it.

    Attributes: ``id`` (52 characters: the base32 of the public key's SHA-256), ``short`` (the
    first eight of them, ``abcd-efgh``).
    """

    id: str
    short: str

    @classmethod
    def open(cls, folder: Path) -> "InstanceKey":
        """Read the key, or make it at first start.

        :raises Damaged: ``instance_key_damaged``.
        :raises Misconfigured: ``instance_key_exposed``, ``instance_key_unreadable``.
        """
        ...
