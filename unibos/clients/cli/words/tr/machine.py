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
}
