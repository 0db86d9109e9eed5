"""A file that a command is asked to write: refused before the work begins if it cannot be written."""

from pathlib import Path

from fraud_assets.errors import FraudError


def check(path: Path, suffixes: tuple[str, ...]) -> None:
    """Check that the file can be written and its name ends with one of the suffixes.

    Raises:
        FraudError: the suffix is none of those given, there is no such folder, or it cannot be written to.
    """
    if path.suffix.lower() not in suffixes:
        raise FraudError(f"cannot write {path}: its name must end in {' or '.join(suffixes)}")
    if not path.resolve().parent.is_dir():
        raise FraudError(f"cannot write {path}: there is no folder {path.resolve().parent}")
    new = not path.exists()
    try:
        path.open("ab").close()
    except OSError as error:
        raise FraudError(f"cannot write {path}: {error.strerror}; give another file") from error
    if new:
        path.unlink()
