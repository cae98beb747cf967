"""Turkish of the commands for orgs, their members and invitations."""

from collections.abc import Mapping

TURKISH: Mapping[str, str] = {
    # Orgs
    "Make, change and delete orgs.": "Kurum kur, değiştir, sil.",
    "List all orgs.": "Bütün kurumları listele.",
    "Show an org, its limits and how much of them it uses.": (
        "Bir kurumu, sınırlarını ve ne kadarını kullandığını göster."
    ),
    "Make an org and invite its owner.": "Bir kurum kur ve sahibini davet et.",
    "Change an org; plan and limits are for the hub's operator.": (
        "Bir kurumu değiştir; plan ve sınırlar merkezin işletmecisinindir."
    ),
    "Give an org to another member; the present owner becomes an admin.": (
        "Kurumu başka bir üyeye ver; şimdiki sahibi yönetici olur."
    ),
    "Close an org; in 30 days all that it has is deleted.": (
        "Bir kurumu kapat; 30 gün sonra her şeyi silinir."
    ),
    "Open a closed org again.": "Kapatılmış bir kurumu yeniden aç.",
    "Who is invited to own it.": "Sahibi olmaya davet edilecek kişi.",
    "What kind of org it is.": "Kurumun türü.",
    "What the org is called.": "Kurumun adı.",
    "The org's plan.": "Kurumun planı.",
    "The org's own domain.": "Kurumun kendi alan adı.",
    "Short name for addresses and commands; made from the name if absent.": (
        "Adresler ve komutlar için kısa ad; verilmezse addan türetilir."
    ),
    "Short name for addresses and commands.": "Adresler ve komutlar için kısa ad.",
    "The most members.": "En çok üye.",
    "The most nodes.": "En çok düğüm.",
    "The most bytes of files, in 10⁹.": "Dosyalar en çok, 10⁹ bayt olarak.",
    "Modules of its nodes, with commas between.": "Düğümlerinin modülleri, virgülle ayrılmış.",
    "Say what to change: see --help.": "Neyin değişeceğini söyleyin: --help bölümüne bakın.",
    "The org {slug} is made.": "{slug} kurumu kuruldu.",
    "Give {org} to {email}?": "{org}, {email} kişisine verilsin mi?",
    "{org} belongs to {email} now.": "{org} artık {email} kişisinin.",
    "Delete {org} and all that it has?": "{org} ve her şeyi silinsin mi?",
    "To delete an org, give its short name: {slug}": (
        "Bir kurumu silmek için kısa adını verin: {slug}"
    ),
    "{org} is closed, and will be deleted after {moment}.": (
        "{org} kapatıldı; {moment} sonrasında silinecek."
    ),
    "{org} is open again.": "{org} yeniden açık.",
    "deleted after {moment}": "{moment} sonrasında silinir",
    "Short name": "Kısa ad",
    "Plan": "Plan",
    "Type": "Tür",
    "Files": "Dosyalar",
    "Id": "Kimlik",
    "Modules": "Modüller",
    "Domain": "Alan adı",
    "all": "hepsi",
    "no limit": "sınırsız",
    "{present} of {most}": "{present} / {most}",
    "individual": "birey",
    "family": "aile",
    "team": "takım",
    "organization": "kuruluş",
    "nonprofit": "kâr amacı gütmeyen",
    "enterprise": "işletme",
    # Members
    "Manage who belongs to an org.": "Bir kuruma kimlerin ait olduğunu yönet.",
    "Change the address that a user logs in with.": "Bir kullanıcının giriş adresini değiştir.",
    "Log a user out of the org, everywhere.": (
        "Bir kullanıcının kurumdaki bütün oturumlarını kapat."
    ),
    "List the orgs that one belongs to.": "Ait olunan kurumları listele.",
    "{email} is the new address.": "Yeni adres {email}.",
    "{email} is logged out.": "{email} kullanıcısının oturumları kapatıldı.",
    # Invitations
    "Invite people into an org.": "İnsanları bir kuruma davet et.",
    "List invitations that nobody has accepted yet.": "Henüz kabul edilmemiş davetleri listele.",
    "Invite somebody into the org; the link is shown once.": (
        "Birini kuruma davet et; bağlantı bir kez gösterilir."
    ),
    "Take an invitation back.": "Bir daveti geri al.",
    "Become a member of an org, and log in there. The password is that of the account that the"
    " invited address has on the hub, or the one that its new account gets.": (
        "Bir kuruma üye ol ve orada giriş yap. Parola, davet edilen adresin merkezdeki hesabının"
        " parolasıdır ya da yeni hesabının alacağı paroladır."
    ),
    "Valid until": "Geçerlilik",
    "There is no invitation {name}.": "{name} diye bir davet yok.",
    "{email} is no longer invited.": "{email} artık davetli değil.",
    "Give this link to {email}; it works once, until {until}:": (
        "Bu bağlantıyı {email} kişisine verin; {until} tarihine dek bir kez geçerli:"
    ),
}
