"""Turkish of `unibos export`."""

from collections.abc import Mapping

TURKISH: Mapping[str, str] = {
    "Control what leaves this machine.": "Bu makineden nelerin çıktığını denetle.",
    "Show how far each collection may travel, and whether the kill switch is on.": (
        "Her koleksiyonun nereye kadar gidebildiğini ve çıkışın kapalı olup olmadığını göster."
    ),
    "Say how far a collection may travel: nowhere, to the org's nodes, or to its hub as well.": (
        "Bir koleksiyonun nereye kadar gidebileceğini söyle: hiçbir yere, kurumun düğümlerine "
        "ya da merkezine de."
    ),
    "Stop everything that leaves this machine, at once, until it is turned off again.": (
        "Bu makineden çıkan her şeyi hemen durdur; yeniden kapatılana dek sürer."
    ),
    "Show what was sent to whom, and what was held back, the newest first.": (
        "Kime ne gönderildiğini ve nelerin tutulduğunu göster, en yenisi başta."
    ),
    "Only what went to this instance, by its id.": "Yalnızca bu kimlikli sunucuya gidenler.",
    "Only of this collection.": "Yalnızca bu koleksiyondan.",
    "Who may get copies: local (nobody, the default), nodes or hub.": (
        "Kimler kopya alabilir: local (hiç kimse, varsayılan), nodes ya da hub."
    ),
    "local": "burada kalır",
    "nodes": "düğümlere",
    "hub": "merkeze",
    "push": "gönderildi",
    "pull": "alındı",
    "blob": "dosya gitti",
    "job": "iş gitti",
    "blocked: {code}": "tutuldu: {code}",
    "Collection": "Koleksiyon",
    "Peer": "Eş",
    "At most": "En çok",
    "To nodes": "Düğümlere",
    "To the hub": "Merkeze",
    "When": "Zaman",
    "What happened": "Ne oldu",
    "On a hub, how far collections travel is said at the nodes.": (
        "Merkezde değil: koleksiyonların nereye kadar gittiği düğümlerde söylenir."
    ),
    "There is no such collection.": "Böyle bir koleksiyon yok.",
    "Let data out again, as far as each collection may travel?": (
        "Veriler, her koleksiyonun gidebildiği yere kadar yeniden çıksın mı?"
    ),
    "{count} records of {collection} leave this node: the org's other nodes get copies. Go on?": (
        "{collection} koleksiyonundan {count} kayıt bu düğümden çıkar: kurumun öbür düğümleri "
        "kopya alır. Sürdürülsün mü?"
    ),
    "{count} records of {collection} leave this node: the hub gets copies, and through it the"
    " org's other nodes. Go on?": (
        "{collection} koleksiyonundan {count} kayıt bu düğümden çıkar: merkez ve onun üzerinden "
        "kurumun öbür düğümleri kopya alır. Sürdürülsün mü?"
    ),
    "{collection}: {reach}.": "{collection}: {reach}.",
    "{collection}: {reach}. Copies elsewhere are withdrawn as soon as their holders hear of it.": (
        "{collection}: {reach}. Başka yerlerdeki kopyalar, tutanlar bunu duyunca kaldırılır."
    ),
    "The kill switch is on since {since}: nothing leaves.": (
        "Acil durdurma {since} tarihinden beri açık: hiçbir şey çıkmıyor."
    ),
    "The kill switch is off.": "Acil durdurma kapalı.",
    "It stays on this node. To have it copied: unibos export set {name} nodes|hub": (
        "Bu düğümde kalır. Kopyalanması için: unibos export set {name} nodes|hub"
    ),
}

CODES: Mapping[str, str] = {
    "export_at_nodes": "Bir koleksiyonun nereye kadar gideceği düğümlerde söylenir.",
    "export_over_ceiling": "Koleksiyon en çok {ceiling} kadar gidebilir; bunu kimse yükseltemez.",
    "export_refused": "Eş, burada bulunamayacak bir şey gönderdi.",
    "export_stopped": "Acil durdurma açık: buradan hiçbir şey çıkmıyor.",
    "export_unclear": "Ya bir koleksiyonu nereye kadar gideceğiyle ya da acil durdurmayı verin.",
}
