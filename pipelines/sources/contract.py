"""What a source promises: its resources with their fields and keys, and the facts that its SQL files give.

Belongs here: the words in which the modules beside this one describe a system. Does not belong here: any reading of
files (``pipelines.ingest``), and any fact about one system.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

Kind = Literal[
    "integer", "bigint", "uuid", "text", "timestamp", "boolean", "texts", "json", "address", "person"
]

DUCKDB_TYPES: dict[Kind, str] = {
    "integer": "INTEGER",
    "bigint": "BIGINT",
    "uuid": "UUID",
    "text": "VARCHAR",
    "timestamp": "TIMESTAMP",
    "boolean": "BOOLEAN",
    "texts": "VARCHAR[]",
    "json": "JSON",
    "address": (
        'STRUCT("type" VARCHAR, "target" VARCHAR, "target_name" VARCHAR, "name" VARCHAR, "detail" VARCHAR)'
    ),
    "person": 'STRUCT("id" BIGINT, "first_name" VARCHAR, "last_name" VARCHAR)',
}
"""Kind of field → the DuckDB type it is stored as. Timestamps are UTC without a zone."""

NEVER = ("9999",)
"""``sentinels`` of times: the year 9999 stands for "never", in whatever system."""


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a resource, under the name it has in the warehouse.

    ``aliases`` are further canonical (snake_case) names under which files carry it. ``closed`` lists every value that
    the field may have: another one rejects the row. ``known`` lists the values met so far of an open set: another
    one is kept and reported. ``minimum`` and ``maximum`` are inclusive. ``relation`` marks a JSON:API to-one
    relation: the field is ``<relation>_id``, and comes in many spellings. ``personal`` marks personal data.
    ``sentinels`` lists spellings of "no value" beyond null: whole texts, whole UUIDs, or the first characters of a time.
    Other kinds have none. ``stamp`` marks a time at which something happened in the source: the latest of them all
    is the default as-of moment.
    """

    name: str
    kind: Kind
    description: str
    aliases: tuple[str, ...] = ()
    required: bool = False
    closed: tuple[str, ...] = ()
    known: tuple[str, ...] = ()
    minimum: int | None = None
    maximum: int | None = None
    relation: str | None = None
    personal: bool = False
    sentinels: tuple[str, ...] = ()
    stamp: bool = False

    @property
    def duckdb_type(self) -> str:
        """The DuckDB type the field is stored as."""
        return DUCKDB_TYPES[self.kind]


@dataclass(frozen=True, slots=True)
class PageSets:
    """How rows without an identity get a key: by what they say, and by where they stand in a set of list pages.

    A row's key is its ``native`` field where that has a value. Otherwise it is a hash of the fields ``same`` and of the
    row's ordinal among the rows of its set that are equal in them.

    ``owner`` is the field that says whose list a page is. A row that lacks it takes it from the document around its
    page (a member of the field's name), or else from the file's path: the last match of ``owner_in_path``, a regular
    expression with one group. ``ownerless`` is the reason for which a row without an owner is rejected.
    """

    native: str
    same: tuple[str, ...]
    owner: str
    owner_in_path: str
    ownerless: str


@dataclass(frozen=True, slots=True)
class Contradiction:
    """A row that breaks a rule of its own system: it is kept and reported.

    ``condition`` is SQL over the resource's fields, true for such a row. ``field`` is the field to blame.
    """

    field: str
    condition: str
    words: str


@dataclass(frozen=True, slots=True)
class Resource:
    """One kind of record of one system: the landing folder ``<source>/<name>/`` and the table ``raw.<source>_<name>``.

    Of several versions of one ``key`` the latest by ``version`` is kept; a version without a time is older than any
    with one. At the same time the greater ``settled`` wins (SQL over the fields: the greater, the more final the
    state), then the greater record text, so that the result never depends on the order in which files arrive. With the
    version in the key, every version is kept.

    ``target`` is the field that names who was contacted; rows that belong together share it. A row without a value there
    is a target of its own. Of a source's first resource, each row is one attempt: ``began`` lists the fields that give
    its beginning, the first with a value counts; with none, a row counts from the start. ``keeps_deleted``: a row
    that the source marks as deleted still counts.
    ``sentinels`` holds, by kind, the ``sentinels`` of every field that lists none itself. ``deleted_at`` is the field in which
    the system says when it deleted the row. ``page_sets`` is for rows without an identity; it fills the key.
    """

    source: str
    name: str
    description: str
    fields: tuple[Field, ...]
    key: tuple[str, ...] = ("id",)
    version: str | None = "updated_at"
    settled: str | None = None
    streams: tuple[str, ...] = field(default=())
    target: str | None = None
    began: tuple[str, ...] = ()
    keeps_deleted: bool = False
    sentinels: Mapping[Kind, tuple[str, ...]] = field(
        default_factory=lambda: {"timestamp": NEVER}, hash=False
    )
    deleted_at: str | None = None
    page_sets: PageSets | None = None
    contradictions: tuple[Contradiction, ...] = ()

    def __post_init__(self) -> None:
        fields = tuple(
            f if f.sentinels else replace(f, sentinels=self.sentinels.get(f.kind, ())) for f in self.fields
        )
        object.__setattr__(self, "fields", fields)

    @property
    def full_name(self) -> str:
        """``<source>.<name>``."""
        return f"{self.source}.{self.name}"

    @property
    def table(self) -> str:
        """The table's name in schema ``raw``."""
        return f"{self.source}_{self.name}"

    @property
    def raw_table(self) -> str:
        """``raw.<source>_<name>``."""
        return f"raw.{self.table}"

    def field_named(self, name: str) -> Field:
        """The field of this name. Raises KeyError when there is none."""
        return next(found for found in self.fields if found.name == name)

    @property
    def stream_names(self) -> frozenset[str]:
        """Names under which Singer and Airbyte streams carry this resource, in snake_case."""
        return frozenset({self.name, *self.streams})


COMMON_FIELDS: tuple[Field, ...] = (
    Field("extra", "json", "Fields that the contract does not know, as they came; null when there are none."),
    Field(
        "_deleted_at", "timestamp", "When the source marked the row as deleted (UTC); null while it lives."
    ),
    Field("_file_id", "integer", "The landing file this version came from: landing.files.file_id."),
)
"""Columns that every raw table has after its own."""


@dataclass(frozen=True, slots=True)
class Source:
    """One system: the folder ``<name>/`` of the landing folder, and ``sql/sources/<name>/``.

    The rows of the first of its ``resources`` are its attempts. ``target`` says in words what a target of it is.
    ``measures_contact``: it can tell whether a person was reached; only such sources enter contact rates.
    """

    name: str
    title: str
    target: str
    resources: tuple[Resource, ...]
    measures_contact: bool = True


@dataclass(frozen=True, slots=True)
class Fact:
    """One column that a source's SQL file gives. A file may leave out an ``optional`` one, which is then null."""

    name: str
    duckdb_type: str
    description: str
    optional: bool = False


FACTS: dict[str, tuple[Fact, ...]] = {
    "attempts": (
        # These three may keep their own type: ids sort faster than their text. Rows of one time stand in the order of
        # native_id.
        Fact("native_id", "VARCHAR", "The row's own id."),
        Fact("campaign", "VARCHAR", "The campaign's own id or name; null for what belongs to no campaign."),
        Fact("person", "VARCHAR", "Who was contacted; null when the row names nobody."),
        Fact("channel", "VARCHAR", "phone, door, email, text or unknown."),
        Fact("direction", "VARCHAR", "outbound, inbound or unknown."),
        Fact("began_at", "TIMESTAMP", "When the attempt began (UTC); null while it is only scheduled."),
        Fact(
            "ended_at",
            "TIMESTAMP",
            "When it ended (UTC); null while open, and where the source does not tell.",
        ),
        Fact("time_basis", "VARCHAR", "The field that the time came from."),
        Fact(
            "mapping_field", "VARCHAR", "Field of the disposition mapping that decides; null when none does."
        ),
        Fact("mapping_value", "VARCHAR", "Value to look up under that field."),
        Fact("raw_disposition", "VARCHAR", "The source's own value."),
        Fact("is_automated", "BOOLEAN", "Whether a machine did it."),
        Fact("agent", "VARCHAR", "The user's own id; null where nobody is named."),
        Fact("scheduled_at", "TIMESTAMP", "When it is or was to be sent (UTC).", optional=True),
        Fact(
            "deleted_at", "TIMESTAMP", "When the row was withdrawn (UTC): it no longer counts.", optional=True
        ),
        Fact(
            "destination_index", "INTEGER", "Which of the target's destinations was dialled.", optional=True
        ),
        Fact("try_count", "INTEGER", "Number of the try at that destination.", optional=True),
        Fact("outdial_target_id", "UUID", "The entry of the dialer's list.", optional=True),
    ),
    "campaigns": (
        Fact("campaign", "VARCHAR", "The campaign's own id or name."),
        Fact("name", "VARCHAR", "What the source calls it; null or empty when it has no name."),
        Fact("outdial_id", "UUID", "The list of targets that it dials.", optional=True),
    ),
    "targets": (
        Fact("campaign", "VARCHAR", "The campaign's own id; null for the source as a whole."),
        Fact("person", "VARCHAR", "Whom the source's list names."),
        Fact(
            "is_listed",
            "BOOLEAN",
            "Whether a list of whom the campaign meant to reach has it; a tried target that none has, too.",
        ),
        Fact(
            "ended_by",
            "VARCHAR",
            "exhausted or reached_elsewhere: what keeps it from further attempts.",
            True,
        ),
    ),
}
"""SQL file of a source → the columns it gives. ``attempts`` is needed; the other two are for sources that have lists."""
