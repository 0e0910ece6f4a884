"""The name of an agent: its address form and the title a person reads. Imports nothing of the catalog."""

import re
import unicodedata

# Normalising takes quadratic time on long runs of combining marks; no name is longer than 100 characters.
_MOST_FOLDED = 1000
KEBAB = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
# What Windows finds in every folder as a device, whatever the extension
# (learn.microsoft.com, "Naming Files, Paths, and Namespaces").
DEVICE = re.compile(r"con|prn|aux|nul|conin\$|conout\$|(?:com|lpt)[0-9¹²³]", re.IGNORECASE)
# Words a title writes in capitals; everything else is capitalised by its first letter.
_ACRONYMS = frozenset(
    [
        "ai",
        "api",
        "aws",
        "cd",
        "ci",
        "cli",
        "cms",
        "cpp",
        "css",
        "csv",
        "db",
        "devops",
        "dx",
        "gcp",
        "gdpr",
        "gis",
        "gpt",
        "graphql",
        "hr",
        "html",
        "http",
        "iac",
        "ios",
        "ip",
        "ui",
        "ux",
        "qa",
        "json",
        "jwt",
        "k8s",
        "kpi",
        "llm",
        "mcp",
        "ml",
        "mlops",
        "nlp",
        "nosql",
        "oauth",
        "ocr",
        "pci",
        "pdf",
        "php",
        "ppc",
        "pr",
        "rag",
        "rest",
        "sdk",
        "seo",
        "sla",
        "sql",
        "sre",
        "ssl",
        "tdd",
        "tls",
        "tv",
        "url",
        "vr",
        "xml",
        "xr",
        "yaml",
    ]
)
_SPELLINGS = {
    "devops": "DevOps",
    "graphql": "GraphQL",
    "ios": "iOS",
    "mlops": "MLOps",
    "nosql": "NoSQL",
    "oauth": "OAuth",
    "cpp": "C++",
}


def fold_name(text: str) -> str:
    """The address form of a name: NFKC, lower case, letters and digits of any script in words joined by "-".

    "FP&A Analyst" gives "fp-a-analyst"; a kebab-case name is itself; a text without a letter or digit gives "".
    """
    if KEBAB.fullmatch(text):
        return text
    text = text[:_MOST_FOLDED]
    # Case folding can undo normal form and the reverse: one more round makes the result stable.
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold()).casefold()
    return _joined(unicodedata.normalize("NFKC", folded))


def _joined(text: str) -> str:
    """Letters, digits and the marks on letters (many scripts write vowels so) in words joined by "-"."""
    kept = ""
    for char in text:
        if char.isalnum() or (kept[-1:] not in ("", "-") and unicodedata.category(char) in ("Mn", "Mc")):
            kept += char
        elif kept[-1:] not in ("", "-"):
            kept += "-"
    return kept.removesuffix("-")


def stem_of(name: str) -> str:
    """What the file of an agent of this name is called before its extension, so that every system can hold it.

    No agent's name has an underscore: no two files fall together.
    """
    return f"{name}_" if DEVICE.fullmatch(name) else name


def title_of(name: str) -> str:
    """The title for a name as written: kebab-case becomes words, anything else is a title already."""
    if not KEBAB.fullmatch(name):
        return " ".join(name.split())
    words = (_SPELLINGS.get(w) or (w.upper() if w in _ACRONYMS else w[:1].upper() + w[1:]) for w in name.split("-"))
    return " ".join(words)
