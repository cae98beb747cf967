"""Turkish of `unibos first-boot`."""

from collections.abc import Mapping

TURKISH: Mapping[str, str] = {
    "Name this machine and take the settings on its boot partition; for images only.": (
        "Bu makineye ad ver ve önyükleme bölümündeki ayarları al; yalnızca kalıplar için."
    ),
    "Folder of the boot partition.": "Önyükleme bölümünün klasörü.",
    "What the card says of itself.": "Kartın kendisi için söylediği.",
    "What the board says of itself.": "Anakartın kendisi için söylediği.",
    "Write [machine.wlan] and below it one setting a line.": (
        "[machine.wlan] yaz, altına her satıra bir ayar."
    ),
    "See https://toml.io.": "Bkz. https://toml.io.",
    "docs/firmware.md lists what may be set.": "docs/firmware.md neyin ayarlanabildiğini listeler.",
}
