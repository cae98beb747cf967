"""What the command line says, in the language of its user.

The English text in the code is the key; ``tr`` holds the Turkish. Facts go in by name:
``say("{count} found.", count=3)``. A text that a language does not have stays English.
"""

from collections.abc import Mapping

from unibos.base.errors import Error

LANGUAGES = ("en", "tr")

_spoken: Mapping[str, str] = {}
_codes: Mapping[str, str] = {}
_language = "en"


def use(language: str) -> None:
    """Speak one of :data:`LANGUAGES` from now on."""
    global _spoken, _codes, _language
    _language, _spoken, _codes = language, {}, {}
    if language == "tr":
        from unibos.clients.cli.words.tr import TURKISH, TURKISH_CODES

        _spoken, _codes = TURKISH, TURKISH_CODES


def language() -> str:
    """The language in use."""
    return _language


def say(text: str, **facts: object) -> str:
    """``text`` in the user's language, with its facts."""
    spoken = _spoken.get(text, text)
    return spoken.format(**facts) if facts else spoken


def tell(error: Error) -> str:
    """What an error says: by its code where the language has that, else its own words."""
    template = _codes.get(error.code)
    if template is None:
        return say(error.detail)
    try:
        return template.format(**error.facts)
    except KeyError:
        return error.detail


def wanted(asked: str | None, environ: Mapping[str, str]) -> str:
    """The language that the user wants: the flag's, else the environment's, else English."""
    names = ("UNIBOS_LANG", "LC_ALL", "LC_MESSAGES", "LANG")
    found = asked or next((environ[name] for name in names if environ.get(name)), "en")
    return next((one for one in LANGUAGES if found.lower().startswith(one)), "en")
