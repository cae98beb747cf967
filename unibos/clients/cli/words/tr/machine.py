"""Turkish of the commands for the machine itself."""

from collections.abc import Mapping

TURKISH: Mapping[str, str] = {
    "Build the program from its source.": "Programı kaynağından derle.",
    "Build the program and its packages below build/; one program is every role.": (
        "Programı ve paketlerini build/ altında derle; tek program her rolü üstlenir."
    ),
    "For this architecture, by emulation where it is another; may be repeated.": (
        "Bu mimari için, başka bir mimariyse öykünmeyle; yinelenebilir."
    ),
    "Sign the checksums with this secret key of minisign.": (
        "Sağlama toplamlarını bu gizli minisign anahtarıyla imzala."
    ),
    "The build has failed; what it said stands above.": (
        "Derleme başarısız oldu; söyledikleri yukarıda."
    ),
    "This program was not started from its source; only that can be built.": (
        "Bu program kaynağından başlatılmadı; yalnızca kaynak derlenebilir."
    ),
    "Get the source, then: make run, and .venv/bin/unibos-dev build": (
        "Kaynağı edinin, sonra: make run ve .venv/bin/unibos-dev build"
    ),
    "Have this machine's service run as a node, a hub or a worker, now and at each start.": (
        "Bu makinenin hizmeti düğüm, merkez ya da işçi olarak çalışsın: hemen ve her açılışta."
    ),
    "Take roles from this machine's service, now and at each start; its data stay.": (
        "Bu makinenin hizmetinden rolleri al: hemen ve her açılış için; verileri kalır."
    ),
    "Only root may change services.": "Hizmetleri yalnız root değiştirebilir.",
    "Use sudo.": "sudo kullanın.",
    "The service has no role: nothing of UNIBOS starts with this machine.": (
        "Hizmetin hiç rolü yok: UNIBOS bu makineyle başlamaz."
    ),
    "It runs as {roles}, and so it does after each start ({unit}).": (
        "{roles} olarak çalışıyor; her açılıştan sonra da öyle ({unit})."
    ),
    "Install the Debian package, or start it by hand: unibos serve": (
        "Debian paketini kurun ya da elle başlatın: unibos serve"
    ),
    "Start it by hand: unibos serve --role node": "Elle başlatın: unibos serve --role node",
    "The log says why: unibos logs": "Nedeni günlükte: unibos logs",
    "Remove `role` (or `deployment_type`) from it, then call this again.": (
        "Oradan `role` (ya da `deployment_type`) satırını çıkarıp yeniden deneyin."
    ),
}

CODES: Mapping[str, str] = {
    "no_systemd": "Bu makinede systemd çalışmıyor, dolayısıyla hizmet yok.",
    "no_service": "{unit} hizmeti burada kurulu değil.",
    "roles_in_settings": "Ayar dosyası rolleri kendisi belirtiyor: {roles}.",
    "service_failed": "systemctl başarısız oldu: {why}",
}
