"""Turkish of `unibos backup`."""

from collections.abc import Mapping

TURKISH: Mapping[str, str] = {
    "Make encrypted backups, and bring them back.": "Şifreli yedekler al ve geri yükle.",
    "Make a snapshot of all data; the server may go on running.": (
        "Bütün verinin bir anlık yedeğini al; sunucu çalışmayı sürdürebilir."
    ),
    "List the snapshots, the oldest first.": "Anlık yedekleri listele, en eskisi başta.",
    "Check that every snapshot can be read and nothing is missing.": (
        "Her anlık yedeğin okunabildiğini ve eksik olmadığını denetle."
    ),
    "Bring the data of a snapshot back; the server must be stopped.": (
        "Bir anlık yedeğin verisini geri yükle; sunucu durmuş olmalı."
    ),
    "Rehearse a restore: bring the newest snapshot back, check it, and remove it again.": (
        "Geri yüklemeyi prova et: en yeni anlık yedeği getir, denetle, yine sil."
    ),
    "The key in place of a passphrase.": "Parola yerine kullanılan anahtar.",
    "Read the passphrase from there.": "Parolayı standart girdiden oku.",
    "Its first line is the passphrase.": "İlk satırı paroladır.",
    "Make the repository first.": "Önce yedek deposunu oluştur.",
    "Remove all but so many of the newest.": "En yenilerden bu kadarı dışındakileri sil.",
    "Read everything and compare hashes.": "Her şeyi oku ve özetleri karşılaştır.",
    "Its number; the newest without.": "Numarası; verilmezse en yenisi.",
    "Keep the present data aside, and replace it.": "Şimdiki veriyi kenarda sakla, yerine geç.",
    "Read so many files (50).": "Bu kadar dosya oku (50).",
    "Where the copy is made and removed.": "Kopyanın oluşturulup silindiği yer.",
    "{url} is no shelf such as https://hub.local:8000/kitchen.": (
        "{url}, https://hub.local:8000/mutfak gibi bir raf değil."
    ),
    "Leave out --init to add to it, or choose another name.": (
        "Eklemek için --init yazma ya da başka bir ad seç."
    ),
    "Number": "Numara",
    "Records": "Kayıtlar",
    "Files": "Dosyalar",
    "New": "Yeni",
    "damaged": "bozuk",
    "It belongs to root: give it to the user that runs the service.": (
        "Sahibi root: hizmeti çalıştıran kullanıcıya verin."
    ),
    "{count} older ones were removed.": "Daha eski {count} tanesi silindi.",
    "Looked at {snapshots} snapshots with {objects} objects.": (
        "{snapshots} anlık yedeğe, {objects} nesneye bakıldı."
    ),
    "Snapshot {number} of {made} is restored to {folder}.": (
        "{made} tarihli {number} numaralı anlık yedek {folder} klasörüne geri yüklendi."
    ),
    "What was there is kept as {aside}.": "Oradaki eski veri {aside} olarak saklandı.",
    "If the instance that it is from still runs anywhere, stop it: both are one.": (
        "Alındığı sunucu bir yerde hâlâ çalışıyorsa durdurun: ikisi aynı kimliktedir."
    ),
    "Snapshot {number}: {records} records, {files} files read.": (
        "Anlık yedek {number}: {records} kayıt, {files} dosya okundu."
    ),
    "Snapshot {number}: {records} records, {size}, {new} of it new.": (
        "Anlık yedek {number}: {records} kayıt, {size}, yenisi {new}."
    ),
    "Missing or damaged on this machine: file {name}": "Bu makinede eksik ya da bozuk: {name}",
    "Snapshot {number}: {what}": "Anlık yedek {number}: {what}",
    "Give one of passphrase and key, not several.": "Parola ve anahtardan yalnız birini verin.",
    "{file} is made: keep a copy of it elsewhere.": (
        "{file} oluşturuldu: bir kopyasını başka yerde saklayın."
    ),
    "There is no passphrase.": "Parola yok.",
    "Give --passphrase-file, --passphrase-stdin or --key-file.": (
        "--passphrase-file, --passphrase-stdin ya da --key-file verin."
    ),
    "Passphrase of the backup": "Yedeğin parolası",
    "A backup's passphrase has at least {least} letters.": (
        "Bir yedeğin parolası en az {least} harftir."
    ),
    "Some words by chance are good, or use a key file: --key-file.": (
        "Rastgele birkaç sözcük iyidir, ya da anahtar dosyası kullanın: --key-file."
    ),
    # The way on after an error
    "unibos backup verify --deep tells what else is.": (
        "unibos backup verify --deep başka nelerin öyle olduğunu söyler."
    ),
    "Nothing was touched. Try again; without it, nobody can read the backup.": (
        "Hiçbir şeye dokunulmadı. Yeniden deneyin; onsuz yedeği kimse okuyamaz."
    ),
    "A key file holds a line that begins with AGE-SECRET-KEY-1.": (
        "Anahtar dosyasında AGE-SECRET-KEY-1 ile başlayan bir satır vardır."
    ),
    "Choose a folder that is empty or does not exist.": "Boş ya da olmayan bir klasör seçin.",
    "Wait for it to end.": "Bitmesini bekleyin.",
    "Is the disk mounted, is the name right?"
    " The first backup makes one: unibos backup create --init.": (
        "Disk bağlı mı, ad doğru mu? İlk yedek depoyu oluşturur: unibos backup create --init."
    ),
    "Mount the disk for writing, or put sudo in front.": (
        "Diski yazılabilir bağlayın ya da başına sudo koyun."
    ),
    "Earlier snapshots are whole. Make room, or keep fewer of them.": (
        "Önceki anlık yedekler sağlam. Yer açın ya da daha azını saklayın."
    ),
    "Install that version, or a newer one.": "O sürümü ya da daha yenisini kurun.",
    "Name its folder with --data; `unibos config show` tells which is used.": (
        "Klasörünü --data ile verin; `unibos config show` hangisinin kullanıldığını söyler."
    ),
    "Restore into another folder with --data, or keep this one aside with --replace.": (
        "--data ile başka klasöre yükleyin ya da --replace ile bunu kenarda saklayın."
    ),
    "Restore into a folder on it, and name that as the data folder.": (
        "Üzerindeki bir klasöre yükleyin ve veri klasörü olarak onu verin."
    ),
    "Name one of the numbers that `unibos backup list` shows.": (
        "`unibos backup list` çıktısındaki numaralardan birini verin."
    ),
    "Install the version of UNIBOS that made it, or a newer one.": (
        "Onu yapan UNIBOS sürümünü ya da daha yenisini kurun."
    ),
    "Nothing was put in place. Restore an older snapshot.": (
        "Hiçbir şey yerine konmadı. Daha eski bir anlık yedeği yükleyin."
    ),
    "Make room, or restore to a larger disk with --data.": (
        "Yer açın ya da --data ile daha büyük bir diske yükleyin."
    ),
    "The data folder is as it was. Make room, and start again: it goes on.": (
        "Veri klasörü olduğu gibi. Yer açıp yeniden başlatın: kaldığı yerden sürer."
    ),
    # unibos doctor
    "There is no backup of the last {days} days.": "Son {days} günün yedeği yok.",
    "The last backup was made on {when}.": "Son yedek {when} tarihinde alındı.",
    "There is no backup yet, and little to lose.": "Henüz yedek yok; yitirilecek şey de az.",
    "Plug in a disk, then: sudo unibos backup create FOLDER": (
        "Bir disk takın, sonra: sudo unibos backup create KLASÖR"
    ),
}

CODES: Mapping[str, str] = {
    "backup_damaged": "Yedeğin bir dosyası bozuk.",
    "backup_disk_full": "Yedeğin diski dolu.",
    "backup_folder_closed": "Yedek klasörüne yazılamıyor.",
    "backup_folder_used": "Klasörde başka şeyler var.",
    "backup_key_invalid": "Bu dosyada anahtar yok.",
    "backup_newer": "Bu anlık yedeği daha yeni bir UNIBOS yaptı.",
    "backup_nothing": "Veri klasöründe bir sunucunun verisi yok.",
    "backup_repository_busy": "Yedek deposunda başka bir işlem var.",
    "backup_repository_missing": "Bu klasörde yedek deposu yok.",
    "backup_running": "Başka bir yedek alınıyor.",
    "backup_secret_wrong": "Parola ya da anahtar bu yedeğinki değil.",
    "backup_snapshot_ambiguous": "Burada birkaç sunucunun anlık yedekleri var.",
    "backup_snapshot_missing": "Böyle bir anlık yedek yok.",
    "restore_running": "Aynı klasöre başka bir geri yükleme sürüyor.",
    "copy_running": "Veritabanının kopyası zaten alınıyor.",
    "data_exists": "Veri klasörü boş değil.",
    "data_mounted": "Veri klasörü bir dosya sisteminin kökü; tek adımda değiştirilemez.",
    "database_in_use": "Veritabanını başka bir işlem kullanıyor.",
    "schema_newer": "Veriyi daha yeni bir UNIBOS yazdı.",
}
