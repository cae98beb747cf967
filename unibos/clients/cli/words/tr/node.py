"""Turkish of the commands of every instance."""

from collections.abc import Mapping

TURKISH: Mapping[str, str] = {
    # Around every command
    "Usage:": "Kullanım:",
    "Options": "Seçenekler",
    "Commands": "Komutlar",
    "Examples": "Örnekler",
    "Error:": "Hata:",
    "Hint:": "İpucu:",
    "Show this message and exit.": "Bu yardımı göster.",
    "Show version, commit and architecture.": "Sürümü, commit'i ve mimariyi göster.",
    "Answer in JSON.": "JSON olarak yanıtla.",
    "Folder of the instance's data.": "Sunucunun veri klasörü.",
    "File of settings.": "Ayar dosyası.",
    "Address of an instance on the network.": "Ağdaki bir sunucunun adresi.",
    "Language of what is said.": "Konuşma dili.",
    "Do not ask.": "Sorma.",
    "At most so many (20).": "En çok bu kadar (20).",
    "At most so many (50).": "En çok bu kadar (50).",
    "There are more: use --limit.": "Devamı var: --limit kullanın.",
    "See {command} --help.": "Bakınız: {command} --help.",
    "There is no command {name}.": "{name} diye bir komut yok.",
    "There is no option {name}.": "{name} diye bir seçenek yok.",
    "Did you mean {near}?": "{near} mi demek istediniz?",
    "{option} is missing.": "{option} eksik.",
    "This is a defect of UNIBOS: please report it with this line.": (
        "Bu, UNIBOS'un bir hatası: lütfen bu satırla birlikte bildirin."
    ),
    "Your own data server: keeps documents and data, reads them, finds them again.": (
        "Kendi veri sunucunuz: belgeleri ve verileri saklar, okur, yeniden bulur."
    ),
    "yes": "evet",
    "no": "hayır",
    "none": "yok",
    "d": "g",
    "h": "sa",
    "min": "dk",
    "s": "sn",
    # States, kinds, roles
    "queued": "sırada",
    "running": "çalışıyor",
    "done": "bitti",
    "failed": "başarısız",
    "cancelled": "iptal",
    "ok": "iyi",
    "warn": "uyarı",
    "fail": "kötü",
    "receipt": "fiş",
    "invoice": "fatura",
    "letter": "mektup",
    "other": "diğer",
    "owner": "sahip",
    "admin": "yönetici",
    "member": "üye",
    "viewer": "izleyici",
    "active": "etkin",
    "disabled": "kapalı",
    # Columns and facts
    "Added": "Eklenme",
    "Attempt": "Deneme",
    "Board": "Donanım",
    "Changed": "Değişme",
    "Data": "Veri",
    "Date": "Tarih",
    "Disk": "Disk",
    "documents": "Belgeler",
    "Email": "E-posta",
    "Error": "Hata",
    "Export": "Dışarıya",
    "Finished": "Bitiş",
    "From": "Kaynak",
    "Id": "Kimlik",
    "Jobs": "İşler",
    "Kind": "Tür",
    "Language": "Dil",
    "Made": "Yapılma",
    "Merchant": "Satıcı",
    "Merging": "Birleştirme",
    "Module": "Modül",
    "Name": "Ad",
    "File": "Dosya",
    "In the bin since": "Çöpe atılma",
    "Instance": "Sunucu",
    "Roles": "Görevler",
    "Size": "Boyut",
    "Pages": "Sayfa",
    "Progress": "İlerleme",
    "progress": "ilerleme",
    "Queue": "Kuyruk",
    "Records": "Kayıtlar",
    "Role": "Rol",
    "Setting": "Ayar",
    "Since": "Başlangıç",
    "State": "Durum",
    "Tags": "Etiketler",
    "Title": "Başlık",
    "Total": "Toplam",
    "Up for": "Çalışma süresi",
    "Users": "Kullanıcılar",
    "Value": "Değer",
    "Version": "Sürüm",
    # serve and its settings
    "Run this instance until it is stopped.": "Bu sunucuyu durdurulana dek çalıştır.",
    "What this process serves; several live in one process": (
        "Bu sürecin görevi; birkaçı bir arada olabilir"
    ),
    "Never talk to a hub or peer": "Hiçbir merkez ya da eşle konuşma",
    "Address to listen on": "Dinlenecek adres",
    "All that could not be read, up to 1,000": "Okunamayanların hepsi, 1.000'e kadar",
    "Name documents, or take --failed.": "Belgeleri belirtin ya da --failed kullanın.",
    "Documents that are read anew: {count}": "Yeniden okunan belgeler: {count}",
    "Follow them: unibos job batch {batch} --watch": "İzleyin: unibos job batch {batch} --watch",
    "Show how far jobs that were asked for together have got; fails if one of them did.": (
        "Birlikte istenen işlerin ne kadar ilerlediğini gösterin; biri başarısızsa başarısız olur."
    ),
    "Follow it until all its jobs have ended": "Bütün işleri bitene kadar izleyin",
    "Cancel all its jobs that have not ended": "Bitmemiş bütün işlerini iptal edin",
    "Kind of jobs that this machine does": "Bu makinenin yaptığı işlerin türü",
    "Queues that this machine takes jobs from; empty: those of worker.type that fit the board": (
        "Bu makinenin iş aldığı kuyruklar; boşsa: worker.type türünün karta uyan kuyrukları"
    ),
    "Port; 0 takes a free one": "Kapı; 0 boş birini alır",
    "Serve HTTPS instead of HTTP": "HTTP yerine HTTPS sun",
    "Least weight of what is logged": "Günlüğe yazılanların en düşük önemi",
    "One line of text or one JSON object per event": "Her olay için bir satır ya da bir JSON",
    "Take these limits instead of those that fit the hardware": (
        "Donanıma uyanların yerine bu sınırları kullan"
    ),
    # setup, login, users
    "Set a new instance up: make its owner.": "Yeni bir sunucuyu kur: sahibini oluştur.",
    "The setup code; on the instance itself it is found.": (
        "Kurulum kodu; sunucunun kendisinde bulunur."
    ),
    "Email of the owner.": "Sahibin e-postası.",
    "Name of the owner.": "Sahibin adı.",
    "Read the password from standard input.": "Parolayı standart girdiden oku.",
    "Setup code": "Kurulum kodu",
    "Password": "Parola",
    "New password": "Yeni parola",
    "The same again": "Bir kez daha",
    "There is no password.": "Parola yok.",
    "Give it on standard input with --password-stdin.": (
        "--password-stdin ile standart girdiden verin."
    ),
    "Done: {email} owns this instance.": "Tamam: bu sunucunun sahibi {email}.",
    "Next: unibos add FILE": "Sırada: unibos add DOSYA",
    "Log in to an instance on the network, and remember it.": (
        "Ağdaki bir sunucuya gir ve onu hatırla."
    ),
    "Who logs in.": "Giren kişi.",
    "Of the certificate that is expected.": "Beklenen sertifikanın parmak izi.",
    "Logged in to {url} as {email}.": "{url} sunucusuna {email} olarak girildi.",
    "End the login and forget it.": "Oturumu kapat ve unut.",
    "Logged out of {url}.": "{url} sunucusundan çıkıldı.",
    "There is no login.": "Açık oturum yok.",
    "Log in: unibos login": "Giriş yapın: unibos login",
    "Remove it and log in again: unibos login": "Onu silin ve yeniden girin: unibos login",
    "The certificate's fingerprint is {found}, not that.": (
        "Sertifikanın parmak izi {found}, verilen değil."
    ),
    "Somebody may stand between you and the instance.": ("Sunucuyla aranızda başka biri olabilir."),
    "The certificate is not known; its fingerprint is {found}.": (
        "Sertifika tanınmıyor; parmak izi {found}."
    ),
    "Compare it with what `unibos logs` tells there, and give it with --fingerprint.": (
        "Oradaki `unibos logs` çıktısıyla karşılaştırın ve --fingerprint ile verin."
    ),
    "Fingerprint of the certificate: {found}": "Sertifikanın parmak izi: {found}",
    "Is it the one that `unibos logs` tells there?": (
        "Oradaki `unibos logs` da bunu mu gösteriyor?"
    ),
    "Manage who may log in.": "Kimlerin girebileceğini yönet.",
    "List all users.": "Bütün kullanıcıları listele.",
    "Make an account.": "Hesap aç.",
    "What the user is called.": "Kullanıcının adı.",
    "What the user may do (member).": "Kullanıcının yetkisi (member).",
    "Give a user, or oneself, a new password; all other logins end.": (
        "Bir kullanıcıya ya da kendine yeni parola ver; öbür oturumlar kapanır."
    ),
    "Present password": "Şimdiki parola",
    "Change what a user may do.": "Bir kullanıcının yetkisini değiştir.",
    "Shut a user out; all their logins end.": (
        "Bir kullanıcıyı dışarıda bırak; bütün oturumları kapanır."
    ),
    "Let the user in again.": "Kullanıcıyı yeniden içeri al.",
    "Remove an account.": "Hesabı sil.",
    "Remove {email}?": "{email} silinsin mi?",
    "There is no user {user}.": "{user} diye bir kullanıcı yok.",
    "{email} is added.": "{email} eklendi.",
    "{email} has a new password.": "{email} için parola değişti.",
    "{email} has a new role.": "{email} için rol değişti.",
    "{email} may log in.": "{email} girebilir.",
    "{email} is shut out.": "{email} artık giremez.",
    "{email} is removed.": "{email} silindi.",
    # status, doctor, logs
    "Tell how this instance is.": "Sunucunun durumunu söyle.",
    "Not set up yet: run `unibos setup`.": "Henüz kurulmadı: `unibos setup` çalıştırın.",
    "{free} free of {total}; database {database}, files {blobs}": (
        "{total} içinde {free} boş; veritabanı {database}, dosyalar {blobs}"
    ),
    "Check this machine and its data, and say what to do.": (
        "Bu makineyi ve verilerini yokla, ne yapılacağını söyle."
    ),
    "{free_gib} GiB free at {folder}.": "{folder} üzerinde {free_gib} GiB boş.",
    "Only {free_gib} GiB free at {folder}.": "{folder} üzerinde yalnız {free_gib} GiB boş.",
    "Make room soon.": "Yakında yer açın.",
    "Make room, or move the data to a larger disk: writes are refused when it is full.": (
        "Yer açın ya da verileri büyük bir diske taşıyın: dolunca yazma reddedilir."
    ),
    "The clock says {now}.": "Saat {now}.",
    "The clock says {now}, which lies in the past.": "Saat {now} gösteriyor: bu geçmişte.",
    "The clock says {now}; nobody has confirmed it.": "Saat {now}; doğrulayan olmadı.",
    "Set it with `timedatectl`, or connect to a network with a time server.": (
        "`timedatectl` ile ayarlayın ya da saat sunucusu olan bir ağa bağlanın."
    ),
    "Without a network that is normal; else look at `timedatectl timesync-status`.": (
        "Ağ yoksa olağandır; varsa `timedatectl timesync-status` çıktısına bakın."
    ),
    "There is no folder {folder} yet.": "{folder} klasörü henüz yok.",
    "`unibos serve` makes it; if it should be there, look at `unibos config show`.": (
        "`unibos serve` onu oluşturur; olması gerekiyorsa `unibos config show` çıktısına bakın."
    ),
    "{folder} is closed to this user.": "{folder} bu kullanıcıya kapalı.",
    "Run this as the service's user or with sudo.": (
        "Bunu hizmetin kullanıcısı olarak ya da sudo ile çalıştırın."
    ),
    "{path} does not belong to the owner of {folder}.": "{path}, {folder} sahibinin değil.",
    "sudo chown --recursive {owner} {folder}": "sudo chown --recursive {owner} {folder}",
    "{path} can be read by others.": "{path} başkalarınca okunabiliyor.",
    "chmod 600 {path}": "chmod 600 {path}",
    "{folder} belongs to one user.": "{folder} tek bir kullanıcının.",
    "{count} findings, the first: {first}": "{count} bulgu, ilki: {first}",
    "Stop the service, keep the files as they are, and restore the newest backup beside.": (
        "Hizmeti durdurun, dosyalara dokunmayın, en yeni yedeği yanına açın."
    ),
    "There is no database yet.": "Henüz veritabanı yok.",
    "The database is in use, and its owner does not answer: {error}": (
        "Veritabanı kullanımda ve sahibi yanıt vermiyor: {error}"
    ),
    "Look at the check of the server, and try again.": (
        "Sunucu denetimine bakın ve yeniden deneyin."
    ),
    "The database is sound, and no file is missing.": "Veritabanı sağlam, eksik dosya yok.",
    "SQLite {version}.": "SQLite {version}.",
    "SQLite {version}; before 3.51.3 no other program may write to the database.": (
        "SQLite {version}; 3.51.3 öncesinde başka program veritabanına yazmamalı."
    ),
    "The program tesseract is missing.": "tesseract programı yok.",
    "sudo apt-get install tesseract-ocr": "sudo apt-get install tesseract-ocr",
    "The program tesseract does not run: {error}": "tesseract çalışmıyor: {error}",
    "sudo apt-get install --reinstall tesseract-ocr": (
        "sudo apt-get install --reinstall tesseract-ocr"
    ),
    "tesseract can't read {missing}.": "tesseract şunları okuyamıyor: {missing}.",
    "sudo apt-get install {packages}": "sudo apt-get install {packages}",
    "tesseract reads {languages}.": "tesseract şunları okuyor: {languages}.",
    "No answer at {socket}: {error}": "{socket} yanıt vermiyor: {error}",
    "sudo systemctl start unibos-node, or unibos serve; see why with `unibos logs`.": (
        "sudo systemctl start unibos-node ya da unibos serve; nedeni: `unibos logs`."
    ),
    "The server is not ready (status {status}).": "Sunucu hazır değil (durum {status}).",
    "It may be starting or stopping; see `unibos logs`.": (
        "Açılıyor ya da kapanıyor olabilir; bakınız: `unibos logs`."
    ),
    "The server answers.": "Sunucu yanıt veriyor.",
    "Show what the service has logged.": "Hizmetin günlüğünü göster.",
    "Go on with what comes.": "Geldikçe göster.",
    "So many lines (100).": "Satır sayısı (100).",
    "From this time on, such as '1 hour ago'.": "Bu andan sonrası, örneğin '1 hour ago'.",
    "The service {unit} is not installed here.": "{unit} hizmeti burada kurulu değil.",
    "`unibos serve` logs to standard error: look where it was started.": (
        "`unibos serve` standart hataya yazar: başlatıldığı yere bakın."
    ),
    # config, completion
    "Show the settings.": "Ayarları göster.",
    "Show all settings, each with its origin.": "Bütün ayarları kaynaklarıyla göster.",
    "Tell which file is read, and whether it is there.": (
        "Hangi dosyanın okunduğunu ve var olup olmadığını söyle."
    ),
    "There is no such file; the defaults hold.": "Böyle bir dosya yok; varsayılanlar geçerli.",
    "Print what makes a shell complete commands and options.": (
        "Kabuğun komut ve seçenekleri tamamlaması için gerekeni yaz."
    ),
    # add, search, documents
    "Take documents in: photos, scans, PDF and text files.": (
        "Belge ekle: fotoğraf, tarama, PDF ve metin dosyaları."
    ),
    "Names of files, one a line; - is stdin.": "Dosya adları, her satırda bir; - standart girdi.",
    "Give this tag to what is added; repeatable.": "Eklenenlere bu etiketi ver; yinelenebilir.",
    "Wait until all is read, and tell what was found.": (
        "Hepsi okunana dek bekle ve bulunanı söyle."
    ),
    "There are no files to add.": "Eklenecek dosya yok.",
    "The same call again goes on from here.": "Aynı komut kaldığı yerden sürdürür.",
    "added": "eklendi",
    "is here already": "zaten var",
    "refused": "reddedildi",
    "read": "okundu",
    "could not be read": "okunamadı",
    "{count} added": "{count} eklendi",
    "{count} read": "{count} okundu",
    "{count} here already": "{count} zaten vardı",
    "{count} refused": "{count} reddedildi",
    "{count} could not be read": "{count} okunamadı",
    "Find text in everything that is kept.": "Saklanan her şeyde metin ara.",
    "Only in this collection.": "Yalnız bu koleksiyonda.",
    "Nothing found.": "Hiçbir şey bulunamadı.",
    "(no title)": "(başlıksız)",
    "Work with documents.": "Belgelerle çalış.",
    "List documents.": "Belgeleri listele.",
    "Only what contains these words.": "Yalnız bu sözcükleri içerenler.",
    "Only in this state.": "Yalnız bu durumdakiler.",
    "Only of this kind.": "Yalnız bu türdekiler.",
    "Only with this tag.": "Yalnız bu etiketliler.",
    "What lies in the bin.": "Çöp kutusundakiler.",
    "Sort by this field; -FIELD turns it round.": "Bu alana göre sırala; -ALAN tersine.",
    "Show what is known of a document.": "Bir belge hakkında bilineni göster.",
    "Print the text that was read.": "Okunan metni yaz.",
    "Fetch the original, byte for byte.": "Aslını bayt bayt indir.",
    "Where to; - is standard output.": "Nereye; - standart çıktı.",
    "Overwrite what is there.": "Var olanın üzerine yaz.",
    "{file} is there already.": "{file} zaten var.",
    "Choose another name with -o, or overwrite it with --force.": (
        "-o ile başka ad verin ya da --force ile üzerine yazın."
    ),
    "Add tags to a document, or take some off.": "Belgeye etiket ekle ya da çıkar.",
    "Take this tag off; repeatable.": "Bu etiketi çıkar; yinelenebilir.",
    "Give a document a title.": "Belgeye başlık ver.",
    "Move documents to the bin.": "Belgeleri çöp kutusuna taşı.",
    "Take documents out of the bin.": "Belgeleri çöp kutusundan çıkar.",
    "Delete documents for good.": "Belgeleri kalıcı olarak sil.",
    "Delete {count} for good?": "{count} belge kalıcı olarak silinsin mi?",
    "Read documents anew.": "Belgeleri yeniden oku.",
    "{id} is changed.": "{id} değişti.",
    "{id} is in the bin.": "{id} çöp kutusunda.",
    "{id} is back.": "{id} geri geldi.",
    "{id} is deleted.": "{id} silindi.",
    "{id} is queued.": "{id} sıraya alındı.",
    # collections, records, jobs
    "See and make collections.": "Koleksiyonları gör ve oluştur.",
    "List all collections.": "Bütün koleksiyonları listele.",
    "Show a collection with its schema.": "Bir koleksiyonu şemasıyla göster.",
    "Make a collection of your own.": "Kendi koleksiyonunu oluştur.",
    "File with a JSON Schema.": "JSON Schema içeren dosya.",
    "How concurrent changes are merged (fields).": (
        "Eşzamanlı değişikliklerin birleştirilmesi (fields)."
    ),
    "Collection {name} is made.": "{name} koleksiyonu oluşturuldu.",
    "Work with records of collections.": "Koleksiyonların kayıtlarıyla çalış.",
    "List the records of a collection.": "Bir koleksiyonun kayıtlarını listele.",
    "Only these: total>=10.": "Yalnız bunlar: total>=10.",
    "Show a record.": "Bir kaydı göster.",
    "Make a record.": "Kayıt oluştur.",
    "Change the named fields of a record.": "Bir kaydın adı geçen alanlarını değiştir.",
    "Drop the fields that are not named.": "Adı geçmeyen alanları at.",
    "Only if it is still this version.": "Yalnız hâlâ bu sürümse.",
    "Delete a record.": "Kaydı sil.",
    "This is no JSON: {error}": "Bu JSON değil: {error}",
    "See what is worked on.": "Yürüyen işleri gör.",
    "List jobs, the newest first.": "İşleri listele, en yenisi başta.",
    "Show a job.": "Bir işi göster.",
    "Cancel a job; one that runs is stopped.": "Bir işi iptal et; çalışıyorsa durdurulur.",
    "Job {id} is cancelled.": "{id} işi iptal edildi.",
    "Follow a job until it ends; fails if the job does.": (
        "Bir işi bitene dek izle; iş başarısızsa komut da öyledir."
    ),
    # The way to the server
    "there is no such socket": "böyle bir soket yok",
    "{socket} is for the service and for root only.": "{socket} yalnız hizmet ve root içindir.",
    "Use sudo, or log in over the network: unibos login --url http://…:8001": (
        "sudo kullanın ya da ağdan girin: unibos login --url http://…:8001"
    ),
    "{url} is no address such as http://unibos.local:8001.": (
        "{url}, http://unibos.local:8001 gibi bir adres değil."
    ),
    "Is it running? See `systemctl status unibos-node` and `unibos doctor`.": (
        "Çalışıyor mu? Bakınız: `systemctl status unibos-node` ve `unibos doctor`."
    ),
    "Check the address.": "Adresi denetleyin.",
}
