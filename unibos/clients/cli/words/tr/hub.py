"""Turkish of the hub's commands."""

from collections.abc import Mapping

TURKISH: Mapping[str, str] = {
    "Address that the hub listens on": "Merkezin dinlediği adres",
    "Port of the hub; 0 takes a free one": "Merkezin portu; 0 boş birini alır",
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
    "Next: unibos hub tokens create, for a node to join with": (
        "Sıradaki: bir düğümün katılması için unibos hub tokens create"
    ),
    "Nodes": "Düğümler",
    "Orgs": "Kurumlar",
    "Over the network, the login says the org.": "Ağ üzerinden kurumu giriş belirler.",
    "Signing keys": "İmza anahtarları",
    "Tell how the hub is.": "Merkezin durumunu söyle.",
    # Nodes and join tokens
    "Call a node otherwise.": "Bir düğüme başka ad ver.",
    "Clock": "Saat",
    "End a node's membership; what it has stays on it.": (
        "Bir düğümün üyeliğini bitir; içindekiler onda kalır."
    ),
    "Expires": "Bitiş",
    "Have nobody join with a token any more.": "Bir katılım anahtarıyla artık kimse katılamasın.",
    "How long it is good: 30min, 12h, 7d (1h).": "Ne kadar geçerli: 30min, 12h, 7d (1h).",
    "Joined": "Katılma",
    "Label": "Etiket",
    "Last seen": "Son görülme",
    "List the org's join tokens, without their secrets.": (
        "Kurumun katılım anahtarlarını gizli kısımları olmadan listele."
    ),
    "List the org's nodes, and how they are.": "Kurumun düğümlerini ve durumlarını listele.",
    "Make a token to join the org with.": "Kuruma katılmak için bir anahtar oluştur.",
    "Manage the nodes of an org.": "Bir kurumun düğümlerini yönet.",
    "On the node: sudo unibos join, and paste it there.": (
        "Düğümde: sudo unibos join, sonra yapıştırın."
    ),
    "Revoke {name}?": "{name} çıkarılsın mı?",
    "Revoked": "Çıkarılma",
    "Show a node.": "Bir düğümü göster.",
    "Show it as a QR code, too.": "QR kodu olarak da göster.",
    "Take a revoked node out of the list.": "Çıkarılmış bir düğümü listeden sil.",
    "Temperature": "Sıcaklık",
    "The window is too narrow for the QR code.": "Pencere QR kodu için çok dar.",
    "There is no node {node}.": "{node} diye bir düğüm yok.",
    "Uses left": "Kalan kullanım",
    "What it is for.": "Ne için olduğu.",
    "expired": "süresi doldu",
    "good": "geçerli",
    "late": "gecikti",
    "offline": "çevrimdışı",
    "online": "çevrimiçi",
    "revoked": "çıkarıldı",
    "right": "doğru",
    "used up": "tükendi",
    "{free} free of {total}": "{total} içinden {free} boş",
    "{length} ahead": "{length} ileri",
    "{length} behind": "{length} geri",
    "{name} has a new name.": "{name} yeni adını aldı.",
    "{name} is a node of this org no longer.": "{name} artık bu kurumun düğümü değil.",
    "{name} is out of the list.": "{name} listeden silindi.",
    "{length} is no length up to 30d, such as 12h.": (
        "{length}, 12h gibi 30d'ye kadar bir süre değil."
    ),
}
