"""A YAML file that knows where each of its values stands, so that an error can name line and column.

What belongs here: YAML and positions; what the values mean is ``source.py``'s and ``stream.py``'s business.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import yaml

from fraud_assets.declarations.sources.stream import Place
from fraud_assets.errors import FraudError

_LONGEST = 60
"""Characters of a wrong value that an error quotes."""


class SourceError(FraudError):
    """A source's file is wrong; a line names file, line, column, field, what was found and what is allowed."""


class Document:
    """A file's content and the places in it."""

    def __init__(self, path: Path) -> None:
        """Read the file; `SourceError` if it is no YAML, no mapping, or gives a name twice."""
        self.path = path
        try:
            text = path.read_text()
            root = yaml.compose(text, Loader=yaml.SafeLoader)
            self.content: Any = yaml.safe_load(text)
        except OSError as error:
            raise SourceError(f"{path}: cannot be read: {error.strerror}") from None
        except UnicodeDecodeError as error:
            raise SourceError(f"{path.name}: cannot be read: {error}") from None
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark
            at = f"{path.name}:{mark.line + 1}:{mark.column + 1}" if mark else path.name
            raise SourceError(f"{at}: not YAML: {error.problem}") from None
        except (yaml.YAMLError, ValueError) as error:
            raise SourceError(f"{path.name}: not YAML: {error}") from None
        if root is None or not isinstance(self.content, dict):
            found = type(self.content).__name__
            raise SourceError(f"{path.name}:1:1: found {found} where a mapping of settings belongs")
        self._root: yaml.Node = root
        if twice := list(_twice(self._root, ())):
            raise self.error((place, "given twice") for place in twice)

    def error(self, found: Iterable[tuple[Place, str]]) -> SourceError:
        """One error that lists everything found, in the order of the file."""
        lines = sorted((*self.position(place), place, problem) for place, problem in found)
        return SourceError("\n".join(self._line(*line) for line in lines))

    def position(self, place: Place) -> tuple[int, int]:
        """Line and column, from 1, of the value at ``place``, or of what comes nearest to it."""
        node, mark = self._root, self._root.start_mark
        for step in place:
            if isinstance(node, yaml.MappingNode):
                entry = next((pair for pair in node.value if pair[0].value == str(step)), None)
                if entry is None:
                    break
                mark, node = entry[0].start_mark, entry[1]
            elif isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
                node = node.value[step]
                mark = node.start_mark
            else:
                break
        return mark.line + 1, mark.column + 1

    def _line(self, line: int, column: int, place: Place, problem: str) -> str:
        value, present = self.content, True
        for step in place:
            try:
                value = value[step]
            except (KeyError, IndexError, TypeError):
                present = False
                break
        shown = "" if not present or isinstance(value, dict) else f"; found {value!r:.{_LONGEST}}"
        return f"{self.path.name}:{line}:{column}: {'.'.join(map(str, place)) or 'file'}: {problem}{shown}"


def _twice(node: yaml.Node, place: Place) -> Iterator[Place]:
    """The places of names that a mapping gives more than once."""
    if isinstance(node, yaml.MappingNode):
        seen = set()
        for key, value in node.value:
            if key.value in seen:
                yield (*place, key.value)
            seen.add(key.value)
            yield from _twice(value, (*place, key.value))
    elif isinstance(node, yaml.SequenceNode):
        for number, value in enumerate(node.value):
            yield from _twice(value, (*place, number))
