"""Turkish of sync with hubs and nodes."""

from collections.abc import Mapping

TURKISH: Mapping[str, str] = {
    "Sync with hubs and nodes: how it is, now, paused. Alone it tells how it is.": (
        "Merkezler ve düğümlerle eşitleme: durumu, şimdi, duraklatma. Yalnız başına durumu söyler."
    ),
    "Tell how sync is with each peer.": "Her eşle eşitlemenin durumunu söyle.",
    "Sync with every peer now, also while it is paused, and tell what came of it.": (
        "Duraklatılmışken bile şimdi her eşle eşitle ve sonucu söyle."
    ),
    "Sync on command only (unibos sync now), also after a restart, until it is resumed.": (
        "Sürdürülene dek yalnızca komutla (unibos sync now) eşitle, yeniden başlatmadan sonra da."
    ),
    "Go on with sync after a pause.": "Duraklatılan eşitlemeyi sürdür.",
    "There is no peer to sync with: join a hub, or name nodes in sync.peers.": (
        "Eşitlenecek eş yok: bir merkeze katılın ya da sync.peers ayarında düğümleri belirtin."
    ),
    "Sync failed with {count} of {all} peers.": "{all} eşten {count} tanesiyle eşitleme başarısız.",
    "Sync is paused.": "Eşitleme duraklatıldı.",
    "Sync goes on.": "Eşitleme sürüyor.",
    "Sync": "Eşitleme",
    "Peer": "Eş",
    "Came": "Gelen",
    "Went": "Giden",
    "Conflicts": "Çakışma",
    "Quarantined": "Karantinada",
    "In quarantine": "Karantinada",
    "Files on their way": "Yoldaki dosyalar",
    "Trouble with files": "Sorunlu dosyalar",
    "Ways": "Yönler",
    "Answers in": "Yanıt süresi",
    "To come": "Gelecek",
    "To go": "Gidecek",
    "Last time": "Son eşitleme",
    "Sent": "Gönderilen",
    "Received": "Alınan",
    "Clock": "Saat",
    "right": "doğru",
    "{length} ahead": "{length} ileri",
    "{length} behind": "{length} geri",
    "reads": "okur",
    "writes": "yazar",
    "nobody to sync with": "eşitlenecek kimse yok",
    "stopped by the kill switch": "acil durdurma ile durduruldu",
    "paused": "duraklatıldı",
    "on command only (the line is metered)": "yalnızca komutla (hat ölçülü)",
    "{count} to send": "{count} gönderilecek",
    "{count} in quarantine": "{count} karantinada",
    "{count} files on their way": "{count} dosya yolda",
    "starting": "başlıyor",
    "idle": "güncel",
    "failing": "başarısız",
    "stopped": "durdu",
    "pull": "al",
    "push": "gönder",
    "blobs": "dosyalar",
    "Beside the present hub, to sync with both.": (
        "Şimdiki merkezin yanında; ikisiyle de eşitlemek için."
    ),
    "This node now syncs with {hub} as well.": "Bu düğüm artık {hub} ile de eşitleniyor.",
    "Join it as well? What may leave this node goes to its org there, too.": (
        "Buna da katılınsın mı? Bu düğümden çıkabilenler oradaki kuruma da gider."
    ),
    "Name or id of a hub beside the first one.": (
        "İlkinin yanındaki bir merkezin adı ya da kimliği."
    ),
    "Leave {hub}? This node then syncs with it no longer.": (
        "{hub} bırakılsın mı? Bu düğüm artık onunla eşitlenmez."
    ),
}

CODES: Mapping[str, str] = {
    "sync_failed": "Eşitleme eşlerin bir kısmıyla başarısız oldu.",
    "sync_stopped": "Bu eşle eşitleme durdu.",
    "hub_not_found": "Bu düğüm, kendi merkezinin yanında böyle bir merkeze katılmadı.",
    "too_many_hubs": "Bir düğümün merkez sayısı sınırlıdır.",
}
