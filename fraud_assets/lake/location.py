"""Where a lake's tables lie: a folder or an object store, and the handles by which it is read and written.

What belongs here: addresses and how they are opened. What a table holds is read in reads.py and written in writing.py.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote

import polars as pl
import pyarrow as pa
import pyarrow.fs as pafs
from deltalake import DeltaTable
from deltalake.exceptions import TableNotFoundError

from fraud_assets.declarations.tables import Layer, Table
from fraud_assets.declarations.tables.schema import FORMAT, FORMAT_PROPERTY
from fraud_assets.errors import FraudError

if TYPE_CHECKING:
    from fraud_assets.settings import Settings


@dataclass(frozen=True)
class Lake:
    """The root of the Delta tables, a folder or a URL, and the options by which its store is reached.

    ``storage_options`` are those of delta-rs and Polars (``AWS_ENDPOINT_URL`` and so on); Spark takes its own from the
    server's configuration.
    """

    root: str
    storage_options: Mapping[str, str] = field(default_factory=dict, hash=False)

    @classmethod
    def of(cls, settings: "Settings") -> "Lake":
        """The lake that the settings name."""
        return cls(settings.lake, settings.lake_options)

    def path(self, table: Table) -> str:
        """The address of a table: ``root/layer/name``."""
        return f"{self._base}/{table.layer}/{table.name}"

    def opened(self, table: Table, version: int | None = None) -> DeltaTable | None:
        """The table's log at its newest (or the given) version; None when the table was never created.

        Raises:
            FraudError: the table was created by a version of the product with other tables or columns.
        """
        try:
            log = _Readable(self.path(table), version=version, storage_options={**self.storage_options})
        except TableNotFoundError:
            return None
        properties = log.metadata().configuration
        if properties and properties.get(FORMAT_PROPERTY) != FORMAT:  # a table without any was not created by us
            found = properties.get(FORMAT_PROPERTY, "1")
            raise FraudError(
                f"the lake at {self.root} has format {found}, this version needs {FORMAT}: move it away or let "
                "FRAUD_LAKE name another folder, then load the payments again (in the demo: fraud demo --fresh)"
            )
        return log

    def log(self, table: Table, version: int | None = None) -> DeltaTable:
        """As `opened`, for a table that has to exist.

        Raises:
            FraudError: the table does not exist.
        """
        delta = self.opened(table, version)
        if delta is None:
            raise FraudError(f"{table.full_name} does not exist in {self.root}; the job that writes it has not run yet")
        return delta

    def scan(self, table: Table, version: int | None = None) -> pl.LazyFrame:
        """The table's rows as a lazy frame, deletion vectors applied.

        Raises:
            FraudError: the table does not exist.
        """
        return pl.scan_delta(self.log(table, version), version=version)

    def remove(self) -> None:
        """Remove every table with its files; what else lies at the root stays."""
        store, root = self._store
        for layer in Layer:
            if store.get_file_info(f"{root}/{layer}").type is pafs.FileType.Directory:
                store.delete_dir(f"{root}/{layer}")

    def files(self, table: Table, under: str = "") -> list[str]:
        """The files below a table's folder, or a folder of it, as paths relative to the table; none without it."""
        store, root = self._store
        base = f"{root}/{table.layer}/{table.name}"
        below = pafs.FileSelector(f"{base}/{under}".rstrip("/"), allow_not_found=True, recursive=True)
        return [info.path.removeprefix(f"{base}/") for info in store.get_file_info(below) if info.is_file]

    def remove_folder(self, table: Table, under: str) -> None:
        """Remove a folder below a table's, if it is there."""
        store, root = self._store
        folder = f"{root}/{table.layer}/{table.name}/{under}"
        if store.get_file_info(folder).type is pafs.FileType.Directory:
            store.delete_dir(folder)

    def create_file(self, table: Table, path: str) -> pa.NativeFile:
        """A new file to write, at a path relative to the table."""
        store, root = self._store
        whole = f"{root}/{table.layer}/{table.name}/{path}"
        store.create_dir(whole.rpartition("/")[0])
        return store.open_output_stream(whole)

    @cached_property
    def _store(self) -> tuple[pafs.FileSystem, str]:
        """The file system of the root, and the root's path in it."""
        if "://" not in self._base:
            return pafs.LocalFileSystem(), self._base
        store, root = pafs.FileSystem.from_uri(quote(self._base, safe=":/%"))
        return store, root.rstrip("/")

    @cached_property
    def _base(self) -> str:
        """The root as every engine takes it: of a local folder its path, without the escapes of a URL."""
        is_file_url = self.root.startswith("file://")
        return (unquote(self.root.removeprefix("file://")) if is_file_url else self.root).rstrip("/")


class _Readable(DeltaTable):
    """A table with the addresses of its files as Polars finds them.

    Of a local table delta-rs gives them with the root escaped as in a URL, so that a path with a blank or a letter
    beyond ASCII is not found.
    """

    def file_uris(self, *arguments: Any, **options: Any) -> list[str]:
        """The data files' addresses, without escapes in the root."""
        return [self._unescaped(uri) for uri in super().file_uris(*arguments, **options)]

    def deletion_vectors(self) -> pa.RecordBatchReader:
        """The deletion vectors, by the data files' addresses."""
        found = pa.table(super().deletion_vectors())
        addresses = pa.array([self._unescaped(uri) for uri in found["filepath"].to_pylist()], pa.string())
        return found.set_column(found.column_names.index("filepath"), "filepath", addresses).to_reader()

    def _unescaped(self, uri: str) -> str:
        if not self.table_uri.startswith("file://"):
            return uri
        root = self.table_uri.removeprefix("file://")
        return unquote(root) + uri.removeprefix("file://").removeprefix(root)
