"""Turkish of `unibos media`."""

from collections.abc import Mapping

TURKISH: Mapping[str, str] = {
    "Work with photos and videos.": "Fotoğraf ve videolarla çalış.",
    "Take photos and videos in; the same ones again are passed over.": (
        "Fotoğraf ve video ekle; zaten var olanlar atlanır."
    ),
    "Put them into this album, in this order.": "Bu albüme, bu sırayla koy.",
    "List photos and videos, the latest first.": (
        "Fotoğraf ve videoları listele, en yenisi başta."
    ),
    "Only of this month.": "Yalnız bu aydakiler.",
    "Only of this album, in its order.": "Yalnız bu albümdekiler, albümün sırasıyla.",
    "Show what is known of a photo or a video.": (
        "Bir fotoğraf ya da video hakkında bilineni göster."
    ),
    "Fetch the original, or what was made of it.": "Aslını ya da ondan yapılanı indir.",
    "Which of its files (original).": "Dosyalarından hangisi (original).",
    "Tell how many photos and videos each month has.": (
        "Her ayda kaç fotoğraf ve video olduğunu söyle."
    ),
    "Show photos that are the same, or nearly so; of each group the one to keep comes first.": (
        "Aynı ya da neredeyse aynı fotoğrafları göster; her öbekte saklanacak olan başta."
    ),
    "Add tags to a photo or a video, or take some off.": (
        "Fotoğrafa ya da videoya etiket ekle ya da çıkar."
    ),
    "Give a photo or a video a title.": "Fotoğrafa ya da videoya başlık ver.",
    "Name the place where it was taken; an empty name takes it away.": (
        "Çekildiği yeri adlandır; boş ad, yeri siler."
    ),
    "Move photos and videos to the bin.": "Fotoğraf ve videoları çöp kutusuna taşı.",
    "Take photos and videos out of the bin.": "Fotoğraf ve videoları çöp kutusundan çıkar.",
    "Delete photos and videos for good.": "Fotoğraf ve videoları kalıcı olarak sil.",
    "Read photos and videos anew.": "Fotoğraf ve videoları yeniden oku.",
    # albums
    "Work with albums.": "Albümlerle çalış.",
    "List albums, the newest first.": "Albümleri listele, en yenisi başta.",
    "Make an album, perhaps with its first photos and videos.": (
        "Albüm oluştur, istersen ilk fotoğraf ve videolarıyla."
    ),
    "Put photos and videos into an album, or to another place in it.": (
        "Fotoğraf ve videoları bir albüme ya da albümde başka bir yere koy."
    ),
    "In front of this one; else at the end.": "Bunun önüne; yoksa sona.",
    "Take photos and videos out of an album; they themselves stay.": (
        "Fotoğraf ve videoları albümden çıkar; kendileri kalır."
    ),
    "Give an album another title.": "Albüme başka başlık ver.",
    "Choose the one to show an album by.": "Albümün kapağını seç.",
    "Delete an album; its photos and videos stay.": ("Albümü sil; fotoğraf ve videoları kalır."),
    "Delete the album? What is in it stays.": "Albüm silinsin mi? İçindekiler kalır.",
    "{title}: {count} in it": "{title}: içinde {count}",
    # what is told of them
    "photo": "fotoğraf",
    "video": "video",
    "exact": "aynı",
    "near": "benzer",
    "Time": "Zaman",
    "Taken": "Çekildi",
    "(zone unknown)": "(saat dilimi bilinmiyor)",
    "Camera": "Kamera",
    "Lens": "Mercek",
    "Exposure": "Pozlama",
    "Place": "Yer",
    "Pixels": "Piksel",
    "Length": "Süre",
    "Codecs": "Kodlar",
    "Month": "Ay",
    "Photos": "Fotoğraf",
    "Videos": "Video",
    "Group": "Öbek",
    "Alike": "Benzerlik",
    "Count": "Sayı",
}

CODES: Mapping[str, str] = {
    "album_full": "Albüm dolu; en çok {limit} üyesi olabilir.",
    "album_member_unknown": "Bu, albümde değil.",
    "album_not_found": "Böyle bir albüm yok.",
    "media_busy": "Zaten okunmayı bekliyor.",
    "media_damaged": "Dosya bozuk ya da eksik.",
    "media_empty": "Dosya boş.",
    "media_no_photo": "Bu bir fotoğraf değil.",
    "media_not_found": "Böyle bir fotoğraf ya da video yok.",
    "media_not_made": "Bu dosya (henüz) yapılmadı.",
    "media_too_large": "Fotoğraf ya da video çok büyük.",
    "video_damaged": "Video bozuk ya da eksik.",
    "video_encoder_unavailable": "ffmpeg burada bu biçime dönüştüremiyor.",
    "video_too_large": "Video çok büyük.",
    "video_without_picture": "Dosyada hareketli görüntü yok.",
}
