"""From a raw mail to one line of plain text, without what names its list or its label."""

import email
import html
import re
from email.header import decode_header
from email.message import Message

LIST_MARK = r"mailing list|listinfo|List maintainer|sponsored by|thinkgeek|unsubscri"
FOOTER = re.compile(
    rf"^[ >#|)]*([_=*-]{{10,}}|-- ?)\s*\n(?:.*\n){{0,4}}?.*({LIST_MARK})", re.M | re.I
)
SIGNATURE = re.compile(r"^-- ?$", re.M)
YAHOO = re.compile(
    r"-+ Yahoo! Groups Sponsor -+.*?-+~->|^To unsubscribe from this group.*\Z"
    r"|^Your use of Yahoo! Groups.*\Z|^Irish Linux Users' Group:.*\Z",
    re.M | re.S,
)
FEED = re.compile(r"\A\s*URL: .*\n\s*Date: .*\n")
MARKUP = re.compile(r"^[> ]*SPAM: .*$|^--\w{12,}(--)?$", re.M)
LIST_TAG = re.compile(
    r"\[(ILUG(-Social)?|Razor-users|SA\w*|Spambayes|zzzzteana|use Perl|IIU|Webdev|VoID|WM|scoop"
    r"|VulnWatch|gst-devel|vox|RH8|Lockergnome [\w ]+|ANCHORDESK|NYT|IRR|Ximian Updates|spam)\]"
    r"|\*{3,}SPAM\*{3,}|\bADV\s*:",
    re.I,
)


def header(value: str | None) -> str:
    """A header with its encoded words decoded; what cannot be decoded is kept as latin-1."""
    parts = []
    for raw, charset in decode_header(str(value or "")):
        parts.append(raw if isinstance(raw, str) else decoded(raw, charset))
    return "".join(parts)


def decoded(raw: bytes, charset: str | None) -> str:
    for name in (charset or "us-ascii", "utf-8"):
        try:
            return raw.decode(name)
        except (LookupError, UnicodeDecodeError, ValueError):
            continue
    return raw.decode("cp1252", "replace")


def without_html(text: str) -> str:
    """The text between the tags; comments, scripts and styles go with their content.

    Regular expressions on purpose: the stdlib's parser changes between patch releases.

    >>> without_html("<style>p{}</style><p>Big &amp; <b>bold</b></p>")
    ' Big & bold '
    """
    text = re.sub(r"<!--.*?-->|<(script|style|title)\b.*?</\1\s*>", "", text, flags=re.S | re.I)
    inline = r"</?(b|i|u|a|font|span|em|strong|big|small|tt|sup|sub)\b[^>]*>"
    text = re.sub(inline, "", text, flags=re.I)
    return html.unescape(re.sub(r"<(!\[|[/!?]?[a-zA-Z])[^>]*>", " ", text))


def body(message: Message) -> str:
    """The first plain-text part, or else the first HTML part without its tags."""
    parts = {"text/plain": [], "text/html": []}
    for part in message.walk():
        if part.get_content_type() in parts and part.get_filename() is None:
            text = decoded(part.get_payload(decode=True) or b"", part.get_content_charset())
            parts[part.get_content_type()].append(text)
    plain = next((t for t in parts["text/plain"] if t.strip()), "")
    if plain and not re.search(r"<(html|body|table|font|br|a href)\b", plain, re.I):
        return plain
    return without_html(plain or next(iter(parts["text/html"]), ""))


def without_footers(text: str) -> str:
    """Cut from the list footer or the signature on: they name the list, so they tell ham."""
    text = YAHOO.sub("", MARKUP.sub("", FEED.sub("", text)))
    for end in (FOOTER, SIGNATURE):
        found = end.search(text)
        text = text[: found.start()] if found else text
    return text


def one_line(text: str) -> str:
    """Addresses become the words URL and EMAIL, all white space one space.

    >>> one_line("Mail me@here.org or see\\n http://here.org/a?b=c")
    'Mail EMAIL or see URL'
    """
    text = re.sub(r"(https?|ftp)://[^\s<>\"]*|\bwww\.[^\s<>\"]+", " URL ", text, flags=re.I)
    text = re.sub(r"[\w.+%-]+@[\w-]+(\.[\w-]+)+", " EMAIL ", text)
    text = re.sub(r"\b[zy]{4}\w*", "", text)  # the corpus's stand-in for its owner's name
    text = "".join(c if c.isprintable() and c != "\N{REPLACEMENT CHARACTER}" else " " for c in text)
    return re.sub(r" +", " ", text).strip()


def subject_and_body(raw: bytes) -> tuple[str, str]:
    message = email.message_from_bytes(raw)
    subject = LIST_TAG.sub("", header(message.get("subject")))
    return one_line(subject), one_line(without_footers(body(message)))
