"""Turkish of joining a hub, and of living without it."""

from collections.abc import Mapping

TURKISH: Mapping[str, str] = {
    "Join the hub that a token (- reads it from standard input) is from; what this node has"
    " becomes the org's.": (
        "Anahtarın (- standart girdiden okur) geldiği merkeze katıl; bu düğümdekiler kurumun olur."
    ),
    "Hub": "Merkez",
    "Org": "Kurum",
    "What the hub is to call this node.": "Merkezin bu düğüme vereceği ad.",
    "Join token": "Katılım anahtarı",
    "This node has joined {hub} and belongs to {org}.": (
        "Bu düğüm {hub} merkezine katıldı, kurumu {org}."
    ),
    "Next: log in with an account of the hub, or look at `unibos status`.": (
        "Sırada: merkezdeki bir hesapla giriş yapın ya da `unibos status` çıktısına bakın."
    ),
    "Address": "Adres",
    "Good until": "Son geçerlilik",
    "Join it? What this node has becomes the org's.": (
        "Katılınsın mı? Bu düğümdekiler kurumun olur."
    ),
    "The node has not come back yet.": "Düğüm henüz geri gelmedi.",
    "See `unibos logs`; it goes on with joining whenever it starts.": (
        "Bakınız: `unibos logs`; düğüm her açılışta katılmayı sürdürür."
    ),
    "Leave the hub; what this node has stays on it, and its users can no longer log in here.": (
        "Merkezden ayrıl; düğümdekiler kalır, merkezin kullanıcıları artık buraya giremez."
    ),
    "Also when the hub cannot be told.": "Merkeze söylenemese de.",
    "Leave {hub}? Its users can then no longer log in here.": (
        "{hub} merkezinden ayrılınsın mı? Kullanıcıları artık buraya giremez."
    ),
    "This node has left {hub}.": "Bu düğüm {hub} merkezinden ayrıldı.",
    # status
    "{hub} has ended this node's membership": "{hub} bu düğümün üyeliğini bitirdi",
    "{hub}; joining is not finished": "{hub}; katılma henüz bitmedi",
    "online": "çevrimiçi",
    "offline": "çevrimdışı",
    "Heard of it": "Son haber",
    "Member until": "Üyelik sonu",
    "Trouble": "Sorun",
    # user link, unlink, forget-offline
    "Be one person with two accounts: this node's and the hub's; EMAIL is the other one's.": (
        "İki hesapla tek kişi ol: bu düğümdeki ve merkezdeki; EMAIL ötekinin adresidir."
    ),
    "Password of the other account": "Öteki hesabın parolası",
    "Both logins lead to the same person now.": "İki giriş de artık aynı kişiye çıkıyor.",
    "Part one's account of this node from the one of the hub.": (
        "Bu düğümdeki hesabı merkezdekinden ayır."
    ),
    "The two accounts are parted.": "İki hesap ayrıldı.",
    "Let no user of the hub log in without it, until they have logged in with it again.": (
        "Merkezin kullanıcıları onunla yeniden giriş yapana dek onsuz giremesin."
    ),
    "Forget all logins without the hub?": "Merkezsiz girişlerin hepsi unutulsun mu?",
    "{count} users could log in without the hub.": "{count} kullanıcı merkezsiz girebiliyordu.",
}
