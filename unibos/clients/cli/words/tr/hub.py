"""Turkish of the hub's commands."""

from collections.abc import Mapping

TURKISH: Mapping[str, str] = {
    "Address that the hub listens on": "Merkezin dinlediği adres",
    "Port of the hub; 0 takes a free one": "Merkezin kapısı; 0 boş birini alır",
    "Serve HTTPS; without it only on loopback or behind a proxy of hub.proxies": (
        "HTTPS sun; onsuz yalnız bu makinede ya da hub.proxies içindeki bir vekilin ardında"
    ),
    "Addresses": "Adresler",
    "Fingerprint": "Parmak izi",
    "Id or short name of the org to act in, on a hub.": (
        "Bir merkezde, içinde çalışılacak kurumun kimliği ya da kısa adı."
    ),
    "Log in to that org: unibos login --org ORG": "O kuruma giriş yapın: unibos login --org ORG",
    "Manage a hub: its orgs, users and nodes.": (
        "Bir merkezi yönet: kurumları, kullanıcıları ve düğümleri."
    ),
    "Nodes": "Düğümler",
    "Orgs": "Kurumlar",
    "Over the network, the login says the org.": "Ağ üzerinden kurumu giriş belirler.",
    "Signing keys": "İmza anahtarları",
    "Tell how the hub is.": "Merkezin durumunu söyle.",
}
