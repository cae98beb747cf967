"""Turkish of the hub's commands."""

from collections.abc import Mapping

TURKISH: Mapping[str, str] = {
    "Address that the hub listens on": "Merkezin dinlediği adres",
    "Port of the hub; 0 takes a free one": "Merkezin kapısı; 0 boş birini alır",
    "Serve HTTPS; without it only on loopback or behind a proxy of hub.proxies": (
        "HTTPS sun; onsuz yalnız bu makinede ya da hub.proxies içindeki bir vekilin ardında"
    ),
}
