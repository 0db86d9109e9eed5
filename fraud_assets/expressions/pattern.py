"""Regular expressions that Java, RE2 and Rust read alike, and the replacements that go with them.

A pattern may have characters, ``.``, classes such as ``[a-z]``, ``\\d \\w \\s`` (of ASCII) and their opposites, ``^ $``
(of the whole text), groups ``( )`` and ``(?: )``, ``|``, and ``* + ? {m,n}``, each lazy with a ``?`` behind it.
"""

import re

_CLASSES = {"d": "0-9", "w": "0-9A-Za-z_", "s": " \\t\\n\\x0B\\f\\r"}
_CONTROLS = {"t", "n", "r", "f"}
_TOKEN = re.compile(
    r"(?P<escape>\\(?P<escaped>.))|(?P<class>\[\^?\]?(?:\\.|[^\]\\])*\])|(?P<quantifier>[*+?]\??|\{\d+(?:,\d*)?\}\??)"
    r"|(?P<open>\(\?:|\()(?!\?)|(?P<plain>[^\\\[\](){}*+?])|(?P<close>\))",
    re.DOTALL,
)
_MOST = 1000
"""Largest count of a repetition that RE2 takes."""


def portable(pattern: str) -> str:
    """The pattern as all engines read it alike.

    Raises:
        ValueError: the pattern has a part that they read differently, or is none.
    """
    found, at = [], 0
    while at < len(pattern):
        token = _TOKEN.match(pattern, at)
        if token is None:
            raise ValueError(f"pattern: '{pattern[at : at + 8]}' is not supported")
        found.append(_part(token, pattern))
        at = token.end()
    made = "".join(found)
    try:
        re.compile(made.replace("\\z", "\\Z"))
    except re.error as error:
        raise ValueError(f"pattern: {error}") from None
    return made


def matches_nothing(made: str) -> bool:
    """Whether a portable pattern matches the empty text, which engines replace at different places."""
    return re.match(made.replace("\\z", "\\Z"), "") is not None


def groups(made: str) -> int:
    """The number of capturing groups of a portable pattern."""
    return re.compile(made.replace("\\z", "\\Z")).groups


def replacement(text: str, count: int) -> list[str | int]:
    """The parts of a replacement: texts, and the numbers of groups written ``$1``.

    Raises:
        ValueError: a ``$`` names no group of the pattern.
    """
    parts: list[str | int] = []
    for piece in re.split(r"(\$\d?)", text):
        if piece.startswith("$"):
            if piece == "$" or int(piece[1:]) > count:
                raise ValueError(f"replacement: '{piece}' names no group of the pattern; it has {count}")
            parts.append(int(piece[1:]))
        elif piece:
            parts.append(piece)
    return parts


def like(pattern: str) -> str:
    """The regular expression of a pattern of LIKE: ``%`` any text, ``_`` any character, ``\\`` before a plain one.

    Raises:
        ValueError: a backslash stands before another character.
    """
    parts, at = [], 0
    while at < len(pattern):
        character = pattern[at]
        if character == "\\":
            at += 1
            if pattern[at : at + 1] not in ("%", "_", "\\"):
                raise ValueError("like: a backslash stands before %, _ or a backslash only")
            parts.append(re.escape(pattern[at]))
        else:
            parts.append({"%": "(?s:.*)", "_": "(?s:.)"}.get(character, re.escape(character)))
        at += 1
    return f"^{''.join(parts)}\\z"


def _part(token: re.Match[str], pattern: str) -> str:
    text = token[0]
    if token["escape"]:
        return _escape(token["escaped"], text)
    if token["class"]:
        return _class(text)
    if token["quantifier"]:
        if any(int(number) > _MOST for number in re.findall(r"\d+", text)):
            raise ValueError(f"pattern: a repetition is at most {_MOST}")
        return text
    if token["open"]:
        if pattern[token.end() : token.end() + 1] == "?":
            raise ValueError(f"pattern: '{pattern[token.start() : token.end() + 2]}' is not supported; use (?: )")
        return text
    return {".": "[^\\n]", "$": "\\z"}.get(text, text)


def _escape(escaped: str, text: str) -> str:
    if escaped in _CLASSES:
        return f"[{_CLASSES[escaped]}]"
    if escaped.lower() in _CLASSES:
        return f"[^{_CLASSES[escaped.lower()]}]"
    if escaped in _CONTROLS or not (escaped.isalnum() or escaped.isspace() or ord(escaped) > 127):
        return text
    raise ValueError(f"pattern: '{text}' is not supported")


def _class(text: str) -> str:
    """A class without what Java reads as a class in a class."""
    inner = text[1:-1]
    sign, inner = ("^", inner[1:]) if inner.startswith("^") else ("", inner)
    if not inner:
        raise ValueError(f"pattern: the class '{text}' is empty")
    parts, at = [], 0
    while at < len(inner):
        character = inner[at]
        if character == "\\":
            at += 1
            escaped = inner[at]
            if escaped.isalnum() and escaped not in _CLASSES and escaped not in _CONTROLS:
                raise ValueError(f"pattern: '\\{escaped}' in a class is not supported")
            parts.append(_CLASSES.get(escaped, f"\\{escaped}"))
        else:
            parts.append(f"\\{character}" if character in "[]&~^" else character)
        at += 1
    return f"[{sign}{''.join(parts)}]"
