"""Turkish of what the box tells of itself: notifications and their commands."""

TURKISH = {
    "Check the settings of notifications: unibos config show": (
        "Bildirim ayarlarını denetleyin: unibos config show"
    ),
    "News of this box: list them, mark them as read, send one.": (
        "Bu kutunun haberleri: listeleyin, okundu işaretleyin, bir tane gönderin."
    ),
    "List notifications, newest first.": "Bildirimleri en yeniden başlayarak listeleyin.",
    "Only those that nobody has read": "Yalnız kimsenin okumadıkları",
    "Notify: it is kept, and sent to all targets.": (
        "Bildirin: saklanır ve bütün hedeflere gönderilir."
    ),
    "What there is to say beyond the title": "Başlığın ötesinde söylenecek olan",
    "How much it matters": "Ne kadar önemli olduğu",
    "Mark notifications as read.": "Bildirimleri okundu işaretleyin.",
    "All that are unread": "Okunmamışların hepsi",
    "There are no notifications.": "Bildirim yok.",
    "It was kept. Targets that get it: {targets}.": "Saklandı. Alacak hedefler: {targets}.",
    "It was kept. The settings name no target.": "Saklandı. Ayarlarda hedef yok.",
    "Notifications marked as read: {count}": "Okundu işaretlenen bildirim: {count}",
    "Name notifications, or take --all.": "Bildirimleri belirtin ya da --all kullanın.",
    "Level": "Önem",
    "Sent to": "Gönderildi",
}

CODES = {
    "notification_not_found": "Böyle bir bildirim yok.",
    "notification_target_wrong": "Bir bildirim hedefi yanlış ayarlanmış.",
    "job_args_invalid": "İşin girdileri yanlış.",
}
