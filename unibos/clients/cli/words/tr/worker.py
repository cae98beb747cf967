"""Turkish of the worker of this machine."""

from collections.abc import Mapping

TURKISH: Mapping[str, str] = {
    "Run a worker: it does the jobs of a node or a hub.": (
        "İşçi çalıştır: bir düğümün ya da merkezin işlerini yapar."
    ),
    "Do the jobs of the instance that was joined, or of the one on this machine, until stopped.": (
        "Durdurulana kadar, katılınan kurulumun ya da bu makinedekinin işlerini yap."
    ),
    "Do the jobs of the hub or node that a token (- reads it from standard input) is from.": (
        "Anahtarın (- standart girdiden okur) geldiği merkezin ya da düğümün işlerini yap."
    ),
    "Do that instance's jobs no longer; what is being worked on goes back to it.": (
        "O kurulumun işlerini artık yapma; yapılmakta olanlar geri verilir."
    ),
    "Tell how the worker of this machine is.": "Bu makinedeki işçinin durumunu söyle.",
    "List the jobs that the worker of this machine has in its hands.": (
        "Bu makinedeki işçinin elindeki işleri listele."
    ),
    "List the queues that the worker of this machine takes jobs from.": (
        "Bu makinedeki işçinin iş aldığı kuyrukları listele."
    ),
    "Have the worker of this machine take no more jobs, end or hand back those it has, and end.": (
        "Bu makinedeki işçi yeni iş almasın, elindekileri bitirsin ya da geri versin ve kapansın."
    ),
    "Tell why a job of the node or hub runs or waits where it does.": (
        "Düğümün ya da merkezin bir işinin neden orada çalıştığını ya da beklediğini söyle."
    ),
    "What the other side is to call this worker.": "Karşı tarafın bu işçiye vereceği ad.",
    "Also when the other side cannot be told.": "Karşı tarafa söylenemese de.",
    "Time that running jobs get before they are handed back.": (
        "Çalışan işlere, geri verilmeden önce tanınan süre."
    ),
    "Child processes for heavy jobs at the same time; 0 leaves them to workers": (
        "Aynı anda ağır işler için çalışan süreçler; 0 bunları işçilere bırakır"
    ),
    "Name of this worker; empty takes the machine's": "İşçinin adı; boşsa makinenin adı",
    "Socket of the node or hub on this machine to work for; empty: the one joined": (
        "Bu makinede işleri yapılacak düğümün ya da merkezin soketi; boşsa katılınan kurulum"
    ),
    "This machine has a GPU to use for jobs": "Bu makinenin işler için bir GPU'su var",
    "Time that running jobs get at a stop before they are handed back": (
        "Kapanışta çalışan işlere, geri verilmeden önce tanınan süre"
    ),
    "This worker now does the jobs of {source}.": (
        "Bu işçi artık {source} kurulumunun işlerini yapar."
    ),
    "This worker does the jobs of {source} no longer.": (
        "Bu işçi {source} kurulumunun işlerini artık yapmıyor."
    ),
    "Next: sudo unibos enable worker, or unibos-worker start": (
        "Sırada: sudo unibos enable worker ya da unibos-worker start"
    ),
    "Stop to work for others?": "Başkaları için çalışmak bırakılsın mı?",
    "No worker answers at {socket}: {reason}": "{socket} soketinde yanıt veren işçi yok: {reason}",
    "Start it: sudo unibos enable worker, or unibos-worker start": (
        "Başlatın: sudo unibos enable worker ya da unibos-worker start"
    ),
    "it ended before it answered": "yanıt vermeden kapandı",
    "The worker has not stopped yet.": "İşçi henüz durmadı.",
    "The worker has stopped.": "İşçi durdu.",
    "See what it does: unibos-worker tasks": "Ne yaptığına bakın: unibos-worker tasks",
    "It has nobody to work for: unibos-worker join TOKEN": (
        "Kimin için çalışacağını bilmiyor: unibos-worker join ANAHTAR"
    ),
    "Works for": "Kimin için",
    "this instance itself": "bu kurulumun kendisi",
    "Can do": "Yapabildikleri",
    "nothing special": "özel bir şey yok",
    "Heavy jobs at once": "Aynı anda ağır iş",
    "Now": "Şimdi",
    "Ended": "Biten",
    "Queues": "Kuyruklar",
    "Job": "İş",
    "Doing": "Yaptığı",
    "For": "Süre",
    "Worker": "İşçi",
    "May take it": "Alabilir",
    "Needs": "Gerekenler",
    "Prefers": "Yeğlediği",
    "May go to": "Gidebileceği yer",
    "Here until": "Şu ana dek burada",
    "Why": "Neden",
    # States of a worker, and of what it has in its hands.
    "unattached": "bağlı değil",
    "working": "çalışıyor",
    "away": "kaynak yanıtsız",
    "stopping": "duruyor",
    "fetching": "indiriyor",
    "sending": "gönderiyor",
    "reporting": "bildiriyor",
    "back": "geri verildi",
    "lost": "kaybedildi",
}

CODES: Mapping[str, str] = {
    "stop_unfinished": "İşçi henüz durmadı.",
    "worker_queues_none": "Bu türün hiçbir kuyruğu bu karta uymuyor.",
    "worker_revoked": "Bu işçinin yetkisi kaldırıldı.",
    "source_unreachable": "İşlerin geldiği kurulum yanıt vermiyor.",
    "source_not_genuine": "Yanıt veren, katılınan kurulum değil.",
}
