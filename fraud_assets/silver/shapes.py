"""How records and the texts of their fields look: what Spark and this process read them by, and say of the others."""

from datetime import timedelta

from fraud_assets.declarations.sources.stream import Stream

NO_VALUE = "record has no value"
NOT_UTF8 = "record is not UTF-8 text"
FUTURE_TOLERANCE = timedelta(hours=1)
"""How far after Kafka's time a record's own may be, as clocks differ."""
CHANGES = ("c", "u", "d", "r")
"""Debezium's operations that tell a row: create, update, delete and read (snapshot)."""

BLANK = r"^[ \t\n\x0B\f\r]*\z"
NUMBER = r"^[+-]?[0-9]+([.][0-9]*)?([eE][+-]?[0-9]+)?\z"
COMPOSITE = r'^(\{("|\}\z)|\[(["{0-9\[-]|\]\z))'
"""What a text is: blank, a number, an object or a list; as Java and Rust read it alike."""


def unreadable(stream: Stream) -> str:
    """What is said of a record that is not in the stream's format."""
    return {
        "json": "record is not a JSON object",
        "csv": f"record is not {len(stream.fields)} fields separated by '{stream.separator}'",
        "debezium": "record is not a Debezium change",
    }[stream.format]


def csv_line(separator: str) -> str:
    """A regular expression of a line of CSV: fields in quotes, or without any quote or end of line."""
    literal = separator if separator.isalnum() else f"\\{separator}"
    field = f'(?:"[^"]*+(?:""[^"]*+)*+"|[^"\\r\\n{literal}]*+)'
    return f"^{field}(?:{literal}{field})*+\\z"
