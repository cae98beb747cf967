"""Turkish of signing keys, and of programs that people log in to through a hub."""

from collections.abc import Mapping

TURKISH: Mapping[str, str] = {
    # Signing keys
    "Algorithm": "Algoritma",
    "All access tokens end; nodes out of reach refuse new ones. Go on?": (
        "Tüm erişim belirteçleri biter; ulaşılamayan düğümler yenilerini reddeder."
        " Devam edilsin mi?"
    ),
    "Have the next signing key sign; every 90 days this happens by itself.": (
        "Sıradaki imza anahtarı imzalasın; bu her 90 günde kendiliğinden olur."
    ),
    "Key": "Anahtar",
    "List the signing keys: the one that signs, the next, those that did.": (
        "İmza anahtarlarını listele: imzalayan, sıradaki, imzalamış olanlar."
    ),
    "Made": "Oluşturma",
    "Manage the keys that access tokens are signed with.": (
        "Erişim belirteçlerinin imzalandığı anahtarları yönet."
    ),
    "Others may know the keys: forget them at once.": (
        "Anahtarları başkaları biliyor olabilir: onları hemen unut."
    ),
    "Signed until": "İmza sonu",
    "Signs since": "İmza başı",
    "current": "geçerli",
    "next": "sıradaki",
    "retired": "emekli",
    # Programs
    "Back to": "Dönüş adresi",
    "Client id": "Program kimliği",
    "Client secret": "Program sırrı",
    "Forget a program; nobody can log in to it any more.": (
        "Bir programı unut; artık ona kimse giriş yapamaz."
    ),
    "Forget {client}?": "{client} unutulsun mu?",
    "Give these to the program, and the hub's address as its issuer.": (
        "Bunları programa verin; kimlik sağlayıcısı (issuer) merkezin adresidir."
    ),
    "How its ID tokens are signed (RS256).": "Kimlik belirteçleri nasıl imzalanır (RS256).",
    "It cannot keep a secret, such as an app on a phone.": (
        "Sır saklayamaz, telefondaki bir uygulama gibi."
    ),
    "List the programs that the org's people can log in to.": (
        "Kurumdakilerin giriş yapabildiği programları listele."
    ),
    "Manage the programs that people log in to.": "Giriş yapılan programları yönet.",
    "Register a program; its secret is shown this once.": (
        "Bir programı kaydet; sırrı yalnız bu kez gösterilir."
    ),
    "Secret": "Sır",
    "The program is forgotten.": "Program unutuldu.",
    "Where people are sent back to; may be given several times.": (
        "Girişten sonra dönülen adres; birkaç kez verilebilir."
    ),
}
