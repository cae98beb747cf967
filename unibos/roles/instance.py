"""The instance on the disk: a folder that nobody else may look into, and the key in it."""

from unibos.base.config import Config
from unibos.base.errors import Misconfigured
from unibos.core.identity.keys import InstanceKey


def open_instance(config: Config) -> InstanceKey:
    """Make the data folder at first start, and read the instance's key.

    Roles in one process share both.

    :raises Misconfigured: ``data_unusable``, and what :meth:`InstanceKey.open` raises.
    """
    folder = config.data
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise Misconfigured(
            "data_unusable",
            f"The data folder {folder} cannot be made: {error.strerror}.",
            hint="Choose another with --data, or make it and give it to the user that runs this.",
        ) from None
    return InstanceKey.open(folder)
