import pytest

from unibos.transports.http.browser.frame import language, page


@pytest.mark.parametrize(
    ("wanted", "accepted", "tongue"),
    [
        ("", "", "en"),
        ("", "tr", "tr"),
        ("", "tr-TR,tr;q=0.9,en;q=0.8", "tr"),
        ("", "de-DE,de;q=0.9", "en"),
        ("", "en;q=0.5, tr", "tr"),
        ("", "tr;q=0.1, en;q=0.2", "en"),
        ("", "tr;q=, en;q=x", "tr"),
        ("", ",;q=1,;;", "en"),
        ("", "x," * 5000 + "tr", "en"),
        ("tr", "en", "tr"),
        ("de TR-CY", "en", "tr"),
        ("*", "*", "en"),
    ],
)
def test_the_language_is_the_programs_then_the_browsers(wanted, accepted, tongue):
    assert language(accepted, wanted) == tongue


def test_a_title_is_plain_text():
    text = page("<b>&", "<p>", "tr").decode()
    assert "<title>&lt;b&gt;&amp;</title>" in text
    assert "<h1>&lt;b&gt;&amp;</h1>" in text
    assert 'lang="tr"' in text
