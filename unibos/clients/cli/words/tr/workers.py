"""Turkish of what is said of workers where their jobs come from."""

from collections.abc import Mapping

TURKISH: Mapping[str, str] = {
    "Call a worker otherwise.": "Bir işçiye başka ad ver.",
    "Can": "Yapabildikleri",
    "For": "Kimin için",
    "Good for one use until {until}.": "{until} tarihine kadar bir kez geçerli.",
    "Good for {uses} uses until {until}.": "{until} tarihine kadar {uses} kez geçerli.",
    "Have a worker take no more jobs; those that it has go to others.": (
        "Bir işçi artık iş almasın; elindekiler başkalarına gider."
    ),
    "Have the worker work for all orgs of the hub.": (
        "İşçi merkezin bütün kurumları için çalışsın."
    ),
    "How many may join with it (1).": "Onunla kaç makine katılabilir (1).",
    "Kinds": "İş türleri",
    "List the org's workers, and how they are.": "Kurumun işçilerini ve durumlarını listele.",
    "Make a token for workers to join this node with: they get what its jobs work on.": (
        "İşçilerin bu düğüme katılması için bir anahtar oluştur: işlerin üzerinde çalıştığı"
        " veriler onlara gider."
    ),
    "Manage what nodes and workers join an org with.": (
        "Düğümlerin ve işçilerin kuruma katıldığı anahtarları yönet."
    ),
    "Manage what workers join this node with.": (
        "İşçilerin bu düğüme katıldığı anahtarları yönet."
    ),
    "Manage who takes jobs.": "İş alanları yönet.",
    "On the worker: sudo unibos-worker join, and paste it there.": (
        "İşçide: sudo unibos-worker join, sonra yapıştırın."
    ),
    "Programs": "Programlar",
    "Queues": "Kuyruklar",
    "Running": "Çalışan",
    "Show a worker, and what it can do.": "Bir işçiyi ve yapabildiklerini göster.",
    "Take a revoked worker out of the list.": "Çıkarılmış bir işçiyi listeden sil.",
    "The token is revoked. Who joined with it stays.": (
        "Anahtar iptal edildi. Onunla katılanlar kalır."
    ),
    "There is no worker {worker}.": "{worker} diye bir işçi yok.",
    "What those become who join with it (node).": "Onunla katılanların ne olacağı (node).",
    "What those become who join with it (worker).": "Onunla katılanların ne olacağı (worker).",
    "Works for": "Kimin için çalışır",
    "all orgs": "bütün kurumlar",
    "its org": "kendi kurumu",
    "this machine's own": "bu makinenin kendisi",
    "workers": "işçiler",
    "{name} takes no more jobs.": "{name} artık iş almıyor.",
}
