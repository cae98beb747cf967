"""An instance's own certificate is trusted once its user has compared the fingerprint."""

import hmac
import sys

import click

from unibos.base.errors import Forbidden
from unibos.clients.cli.words import say

FINGERPRINT_HELP = "Of the certificate that is expected."


def confirmed(url: str, expected: str | None) -> str:
    """The certificate (PEM) to pin; empty where a public one is good or none is needed.

    :param expected: its SHA-256 in hexadecimal digits, where the user gave it.
    :raises Forbidden: ``fingerprint_mismatch``, ``certificate_unknown``.
    :raises Abort: the user does not know it.
    """
    if not url.startswith("https://"):
        return ""
    from unibos.base.trust import fingerprint
    from unibos.clients.trust import certificate_of, is_public

    if not expected and is_public(url):
        return ""
    shown = certificate_of(url)
    found = fingerprint(shown)
    if expected:
        plain = expected.replace(":", "").replace(" ", "").lower()
        if not hmac.compare_digest(plain.encode(), found.encode()):
            raise Forbidden(
                "fingerprint_mismatch",
                say("The certificate's fingerprint is {found}, not that.", found=found),
                hint=say("Somebody may stand between you and the instance."),
            )
        return shown
    if not sys.stdin.isatty():
        raise Forbidden(
            "certificate_unknown",
            say("The certificate is not known; its fingerprint is {found}.", found=found),
            hint=say(
                "Compare it with what `unibos logs` tells there, and give it with --fingerprint."
            ),
        )
    click.echo(say("Fingerprint of the certificate: {found}", found=found))
    click.confirm(say("Is it the one that `unibos logs` tells there?"), abort=True)
    return shown
