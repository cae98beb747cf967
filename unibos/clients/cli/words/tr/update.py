"""Turkish of `unibos update`."""

from collections.abc import Mapping

TURKISH: Mapping[str, str] = {
    "Take newer releases, and go back to the one before.": (
        "Daha yeni sürümleri al, gerekirse öncekine dön."
    ),
    "Look whether there is a newer release; nothing is changed.": (
        "Daha yeni bir sürüm var mı diye bak; hiçbir şey değişmez."
    ),
    "Take a newer release, try it, and go back by itself when it does not pass.": (
        "Daha yeni bir sürümü al ve dene; sınavı geçmezse kendiliğinden geri dön."
    ),
    "Go back to the program before the last update.": "Son güncellemeden önceki programa dön.",
    "Go on with an update that was cut; the machine does so at boot.": (
        "Yarıda kalan güncellemeyi sürdür; makine bunu açılışta kendisi yapar."
    ),
    "Tell which releases are there, and how the last update went.": (
        "Hangi sürümlerin bulunduğunu ve son güncellemenin sonucunu göster."
    ),
    "This one, in place of the newest.": "En yenisi yerine bu sürüm.",
    "Only if update.auto says so, within its hours.": (
        "Yalnızca update.auto açıksa ve belirlenen saatlerdeyse."
    ),
    "Also if what was stored since is lost by it.": (
        "O zamandan beri saklananlar yitirilecek olsa da."
    ),
    "Tell systemd when the services may start.": (
        "Hizmetlerin ne zaman başlayabileceğini systemd'ye bildir."
    ),
    "Stopping the program.": "Program durduruluyor.",
    "Copying the databases.": "Veritabanları kopyalanıyor.",
    "Trying the new program.": "Yeni program deneniyor.",
    "Checking the databases.": "Veritabanları denetleniyor.",
    "It did not pass: going back.": "Sınavı geçmedi: geri dönülüyor.",
    "It has passed.": "Sınavı geçti.",
    "No update is under way.": "Süren bir güncelleme yok.",
    "{present} is the newest that fits.": "Uygun olanların en yenisi {present}.",
    "{version} is there ({size}); {present} runs.": "{version} var ({size}); şu an {present}.",
    "It changes the form of the databases: they are copied before.": (
        "Veritabanlarının biçimini değiştirir: önce kopyaları alınır."
    ),
    "To take it: sudo unibos update apply": "Almak için: sudo unibos update apply",
    "{new} runs in place of {old}.": "{old} yerine {new} çalışıyor.",
    "Installed": "Kurulum",
    "Folder": "Klasör",
    "Before": "Önceki",
    "By itself": "Kendiliğinden",
    "Not taken again": "Yeniden alınmayan",
    "releases side by side": "yan yana sürümler",
    "Debian package: updates come by apt": "Debian paketi: güncellemeler apt ile gelir",
    "by hand": "elle",
    "From {old} to {new}: not finished. sudo unibos update resume": (
        "{old} → {new}: bitmedi. sudo unibos update resume"
    ),
    "{at}: {new} took the place of {old}.": "{at}: {old} yerine {new} geçti.",
    "{at}: {new} did not pass, {old} runs again.": (
        "{at}: {new} sınavı geçmedi, yine {old} çalışıyor."
    ),
    "{at}: from {old} to {new} was given up; nothing was changed.": (
        "{at}: {old} → {new} bırakıldı; hiçbir şey değişmedi."
    ),
    "Begin it again: sudo unibos update apply": "Yeniden başlatın: sudo unibos update apply",
    "Check the network and update.source; what was loaded is kept.": (
        "Ağı ve update.source ayarını denetleyin; indirilen kısım saklanır."
    ),
    "Check update.source and update.channel.": (
        "update.source ve update.channel ayarlarını denetleyin."
    ),
    "Do not trust this source. Check update.source and update.key.": (
        "Bu kaynağa güvenmeyin. update.source ve update.key ayarlarını denetleyin."
    ),
    "Finish it: sudo unibos update resume": "Bitirin: sudo unibos update resume",
    "Free some space (unibos doctor shows how much is left), then try again.": (
        "Yer açın (kalan yeri unibos doctor gösterir), sonra yeniden deneyin."
    ),
    "Install the newer one by hand; docs/operations.md tells how releases are laid out.": (
        "Yenisini elle kurun; sürümlerin düzenini docs/operations.md anlatır."
    ),
    "It is not tried again by itself; tell who made the release.": (
        "Kendiliğinden yeniden denenmez; sürümü hazırlayana bildirin."
    ),
    "Look at `current` beside it: what it names runs. Then remove the file.": (
        "Yanındaki `current` bağlantısına bakın: çalışan odur. Sonra dosyayı silin."
    ),
    "Make a backup first. To go back all the same: unibos update rollback --force": (
        "Önce yedek alın. Yine de dönmek için: unibos update rollback --force"
    ),
    "Nothing was changed; tell who made the release.": (
        "Hiçbir şey değişmedi; sürümü hazırlayana bildirin."
    ),
    "Restore a backup of that time: unibos backup restore": (
        "O zamandan bir yedeği geri yükleyin: unibos backup restore"
    ),
    "See `systemctl status unibos-node unibos-hub unibos-worker`.": (
        "`systemctl status unibos-node unibos-hub unibos-worker` çıktısına bakın."
    ),
    "See `unibos logs`; `sudo unibos update rollback` takes an update back.": (
        "`unibos logs` çıktısına bakın; `sudo unibos update rollback` güncellemeyi geri alır."
    ),
    "Set update.key to the last line of the releaser's .pub file.": (
        "update.key ayarına, sürümleri hazırlayanın .pub dosyasının son satırını yazın."
    ),
    "Set update.source to the folder or address that releases come from.": (
        "update.source ayarına sürümlerin geldiği klasörü ya da adresi yazın."
    ),
    "Take a version in between first: unibos update apply --version VERSION": (
        "Önce aradaki bir sürümü alın: unibos update apply --version SÜRÜM"
    ),
    "The source serves an old list: try again later, or check update.source.": (
        "Kaynak eski bir liste veriyor: sonra yeniden deneyin ya da update.source "
        "ayarını denetleyin."
    ),
    "The way back to the program before is `unibos update rollback`.": (
        "Önceki programa dönmek için: `unibos update rollback`."
    ),
    "This is no archive as releases have them: tell who made it.": (
        "Bu, sürümlerin arşivine benzemiyor: hazırlayana bildirin."
    ),
    "Try again; if it comes again, the source is damaged or dishonest.": (
        "Yeniden deneyin; yinelenirse kaynak bozuk ya da güvenilmez."
    ),
    "Try it again: unibos update apply --version VERSION": (
        "Yeniden denemek için: unibos update apply --version SÜRÜM"
    ),
    "Use sudo.": "sudo kullanın.",
    "`unibos update check` tells what there is.": "Neler olduğunu `unibos update check` gösterir.",
    "sudo apt update && sudo apt install unibos": "sudo apt update && sudo apt install unibos",
}

CODES: Mapping[str, str] = {
    "update_abandoned": "{new} sürümüne geçiş, hiçbir şey değişmeden yarıda kaldı.",
    "update_archive_refused": "Sürümün arşivi geri çevrildi: {why}. Hiçbir şey saklanmadı.",
    "update_by_apt": "UNIBOS bir Debian paketi olarak kurulmuş: güncellemeleri apt ile gelir.",
    "update_copy_gone": (
        "{version} sürümü {present} veritabanlarını okuyamaz; önceki kopyalar da artık yok."
    ),
    "update_disk_full": "{folder} klasöründe güncelleme için yer yok. Program olduğu gibi kalıyor.",
    "update_downgrade": "{version}, şu an çalışan {present} sürümünden yeni değil.",
    "update_download_wrong": "{name}, yayımlanan dosya değil. Silindi.",
    "update_failed_before": "{version} burada daha önce sınavı geçemedi.",
    "update_forbidden": "{folder} başka bir kullanıcının.",
    "update_held": "{version} tutuluyor: {why}.",
    "update_index_invalid": "Sürüm listesi anlaşılamıyor: {why}.",
    "update_index_older": "Sürüm listesinin numarası {serial}; daha önce {seen} görülmüştü.",
    "update_key_missing": "update.key ayarında geçerli bir anahtar yok.",
    "update_minimum": (
        "{version}, {minimum} ya da sonrasının ardından kurulabilir; {present} ise daha eski."
    ),
    "update_not_here": "Bu program bir sürüm klasöründe değil; kendini güncelleyemez.",
    "update_not_offered": "{architecture} için {version} sürümü yok.",
    "update_not_serving": "{version} yerinde, ama hizmet vermiyor: {why}.",
    "update_nothing_before": "{present} sürümünden önce dönülecek bir program yok.",
    "update_program_broken": "{version} programı burada çalışmıyor.",
    "update_returned": ("{new} sınavı geçmedi: {reason}. Yine {old} çalışıyor, kendi verisiyle."),
    "update_running": "Başka bir güncelleme sürüyor.",
    "update_service": "systemctl başarısız oldu: {why}.",
    "update_signature_wrong": "Sürüm listesinin imzası geçersiz. Hiçbir şey değişmedi.",
    "update_source_missing": "update.source ayarı yok.",
    "update_source_unreachable": "Sürümler {where} adresinden okunamıyor: {why}.",
    "update_state_damaged": "{path} okunamıyor.",
    "update_unfinished": "{old} → {new} geçişi bitmedi.",
    "update_would_lose": (
        "{version} sürümü {present} veritabanlarını okuyamaz. Dönülürse {since} tarihinden beri "
        "saklanan her şey yitirilir; o zaman {records} kayıt vardı."
    ),
}
