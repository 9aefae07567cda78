"""The contract of a source: its resources with their fields and keys, and the facts that its SQL files give.

Belongs here: the words in which a source's module describes it. Does not belong here: reading files
(``pipelines.ingest``), and any fact about one system.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from pipelines.sql_text import quoted

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
"""Kind of field → the DuckDB type that it is stored as. Timestamps are UTC without a zone."""

SIDE_KINDS: frozenset[Kind] = frozenset({"texts"})
"""Kinds of field that no figure rests on. A value of such a kind that cannot be read is null, and a notice says so; the
row stays. A value of any other kind that cannot be read rejects the row."""

ADDRESS_TYPES = ("tel", "sip", "email", "sms", "line", "whatsapp", "agent", "conference", "extension")
"""The types of an address that are met. An address of another type is kept."""

NEVER = ("9999",)
"""Sentinels of times, in every source: the year 9999 means "never"."""


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a resource. ``name`` is its column's name in the warehouse.

    - ``aliases``: further names (snake_case) under which files carry the field.
    - ``required``: a row without a value is rejected.
    - ``closed``: every value that the field may have. A row with another value is rejected.
    - ``known``: the values met so far. A row with another value is kept, and a notice says so.
    - ``minimum``, ``maximum``: bounds of a number, both included. A row with a number outside them is rejected.
    - ``relation``: the name of a JSON:API to-one relation. The field is ``<relation>_id``, and comes in many spellings.
    - ``personal``: the field holds personal data.
    - ``label``: free text that reports show by itself: the name of a campaign or of a disposition. Every other free text
      is hidden when personal data is hidden.
    - ``sentinels``: the source's special values for "none": whole texts, whole UUIDs, or the first characters of a time.
      Fields of other kinds have no sentinels.
    - ``stamp``: the field says when something happened in the source. The latest of all stamps is the default as-of.
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
    label: bool = False
    sentinels: tuple[str, ...] = ()
    stamp: bool = False

    @property
    def duckdb_type(self) -> str:
        """The DuckDB type that the field is stored as."""
        return DUCKDB_TYPES[self.kind]

    @property
    def is_side_matter(self) -> bool:
        """True if a value that cannot be read costs the field and not the row."""
        return self.kind in SIDE_KINDS and not (self.required or self.closed)


@dataclass(frozen=True, slots=True)
class PageSets:
    """How rows without an id get a key: from what they say, and from their place in a page set.

    A row's key is the value of its field ``native``. If that is null, the key is a hash of the fields ``same`` and of
    the row's ordinal among the rows of its page set that have the same values in them.

    ``owner`` is the field that says whose list a page is part of. If a row lacks it, it comes from the document around
    the page (a member of the field's name), or else from the file's path: the last match of ``owner_in_path``, a regular
    expression with one group. A row without an owner is rejected for the reason ``ownerless``.
    """

    native: str
    same: tuple[str, ...]
    owner: str
    owner_in_path: str
    ownerless: str


Role = Literal["deleted_at", "flag", "operation", "seen_at", "active", "began_at", "ended_at"]

DELETIONS = ("d", "delete", "deleted", "destroy", "destroyed")
"""What a marker of the role ``operation`` says of a deleted row, in lower case. It is also the end of an event's name."""


@dataclass(frozen=True, slots=True)
class Marker:
    """A column that says whether a row was deleted. ``name`` is snake_case; such a column is no field of the row.

    Roles:

    - ``deleted_at``: when the row was deleted; null while it lives.
    - ``flag``: true if the row was deleted.
    - ``operation``: what happened to the row. One of the words ``DELETIONS`` says that it was deleted.
    - ``seen_at``: when the tool saw the row in this state: the time of a deletion that has no other time.
    - ``active``, ``began_at``, ``ended_at``: in a history table, true for the version that holds, and the time in which a
      version holds. A row with no active version was deleted when its last version ended.

    ``member``: if the column holds a JSON object, the member that counts. ``is_epoch_ms``: the time is a number of
    milliseconds since 1970.
    """

    name: str
    role: Role
    member: str = ""
    is_epoch_ms: bool = False

    @property
    def field(self) -> Field:
        """The marker as a field: what its values must be."""
        if self.role in ("flag", "active"):
            return Field(self.name, "boolean", "Whether the row lives.")
        if self.role == "operation":
            return Field(self.name, "text", "What happened to the row.")
        return Field(self.name, "timestamp", "When it happened (UTC).", sentinels=NEVER)


@dataclass(frozen=True, slots=True)
class Contradiction:
    """A way in which a row may contradict itself. Such a row is kept, and a notice says so.

    ``condition`` is SQL over the resource's fields, true for such a row. ``field`` is the field to name in the notice,
    and ``words`` say what is wrong.
    """

    field: str
    condition: str
    words: str


@dataclass(frozen=True, slots=True)
class Resource:
    """One kind of record of one source: its folder ``<source>/<name>/`` and its table ``raw.<source>_<name>``.

    Of several versions of one ``key``, the latest by the field ``version`` is kept. A version without a time is older
    than any with one. Of two with the same time, the one with the greater ``settled`` is kept (SQL over the fields: the
    more final the state, the greater), then the one with the greater record text. The result therefore does not depend
    on the order in which files arrive. If the version is part of the key, every version is kept
    in the raw table; else the earlier ones are kept beside it, for a past as-of.

    - ``scope``: the fields that say within what the ids are unique, for example within one organization. They are part
      of the key, and null where a file lacks them. Every id of the row is unique within them alone, its target's too.
    - ``streams``: further names of the Singer and Airbyte streams that carry the resource.
    - ``target``: the field that names the target. A row without a value there is a target of its own.
    - ``began``: the fields that say when an attempt began; the first with a value counts. A row counts from the start if
      none has a value. Only a source's first resource has them, since each of its rows is one attempt.
    - ``keeps_deleted``: True if a row that the source marks as deleted still counts.
    - ``sentinels``: kind → the sentinels of every field of this kind that lists none itself.
    - ``created``: the field that says since when there is such a row, of a list whose rows are not there before: a later
      one is no row at all when as-of lies in the past.
    - ``deleted_at``: the field that says when the source deleted the row.
    - ``markers``: the source's own columns that say whether a row was deleted, beside those of copying tools.
    - ``page_sets``: for rows without an id; it fills the key.
    - ``contradictions``: the ways in which a row may contradict itself.
    - ``is_whole_list``: True if the files that lie in the folder now are the whole list. When one of them is changed,
      added or taken away, the list is read again, and what no file says any longer is gone.
    """

    source: str
    name: str
    description: str
    fields: tuple[Field, ...]
    key: tuple[str, ...] = ("id",)
    version: str | None = "updated_at"
    settled: str | None = None
    scope: tuple[str, ...] = ()
    streams: tuple[str, ...] = field(default=())
    target: str | None = None
    began: tuple[str, ...] = ()
    keeps_deleted: bool = False
    sentinels: Mapping[Kind, tuple[str, ...]] = field(
        default_factory=lambda: {"timestamp": NEVER}, hash=False
    )
    created: str | None = None
    deleted_at: str | None = None
    markers: tuple[Marker, ...] = ()
    page_sets: PageSets | None = None
    contradictions: tuple[Contradiction, ...] = ()
    is_whole_list: bool = False

    def __post_init__(self) -> None:
        fields = tuple(
            f if f.sentinels else replace(f, sentinels=self.sentinels.get(f.kind, ())) for f in self.fields
        )
        object.__setattr__(self, "fields", fields)

    @property
    def own_key(self) -> tuple[str, ...]:
        """The fields of the key that are the row's own: the key without the scope."""
        return tuple(name for name in self.key if name not in self.scope)

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

    def id_in_keys(self, name: str, row: str = "") -> str:
        """SQL: the id in a field as keys hold it, as text: the values of the scope in front, each with a dot.

        Null if the field is. The values of the scope that a row lacks are left out, so that an id without any is as it
        is. ``row`` is the row's alias. The source's SQL files must give ids of the same form.
        """
        place = f"{row}." if row else ""
        front = "".join(f"coalesce({place}{quoted(part)} || '.', '') || " for part in self.scope)
        return f"{front}CAST({place}{quoted(name)} AS VARCHAR)"

    def same_key(self, one: str, other: str) -> str:
        """SQL: true if the rows with these aliases have one key. A part of the scope that both lack is the same."""
        return " AND ".join(
            f"{one}.{quoted(name)} {'IS NOT DISTINCT FROM' if name in self.scope or len(self.key) > 1 else '='} "
            f"{other}.{quoted(name)}"
            for name in self.key
        )

    def __hash__(self) -> int:
        """By its name alone: what is known of a resource is looked up for each column of each file."""
        return hash((self.source, self.name))

    def field_named(self, name: str) -> Field:
        """Return the field of this name. Raises StopIteration if there is none."""
        return next(found for found in self.fields if found.name == name)

    @property
    def has_versions(self) -> bool:
        """True if a row has versions of which the raw table holds the latest alone."""
        return self.page_sets is None and self.version is not None and self.version not in self.key

    @property
    def takes_parts(self) -> bool:
        """True if an event that carries only what changed can be merged over the row that it changes."""
        return self.has_versions

    @property
    def stream_names(self) -> frozenset[str]:
        """The names (snake_case) under which Singer and Airbyte streams carry the resource, its own included."""
        return frozenset({self.name, *self.streams})


COMMON_FIELDS: tuple[Field, ...] = (
    Field("extra", "json", "Fields that the contract does not know, as they came; null when there are none."),
    Field(
        "_deleted_at",
        "timestamp",
        "When the source marked the row as deleted (UTC); null while it lives, 1970-01-01 if nothing says when.",
    ),
    Field("_file_id", "integer", "The landing file this version came from: landing.files.file_id."),
)
"""The columns that every raw table has, after those of its resource."""


@dataclass(frozen=True, slots=True)
class Source:
    """One system: its folder ``<name>/`` in the landing folder, and its SQL in ``sql/sources/<name>/``.

    The rows of its first resource are its attempts, unless ``has_attempts`` is False: then it holds lists alone, and its
    SQL gives other facts. ``target`` says in words what its targets are.
    ``measures_contact``: True if it tells whether a person was reached. Only such sources enter contact rates.
    """

    name: str
    title: str
    target: str
    resources: tuple[Resource, ...]
    measures_contact: bool = True
    has_attempts: bool = True

    @property
    def attempts(self) -> Resource | None:
        """The resource whose rows are the source's attempts; None if the source has none."""
        return self.resources[0] if self.has_attempts else None

    @property
    def lists(self) -> tuple[Resource, ...]:
        """The other resources, in order."""
        return self.resources[1:] if self.has_attempts else self.resources


@dataclass(frozen=True, slots=True)
class Fact:
    """One column that a source's SQL file gives. A file may leave an ``optional`` column out; it is then null."""

    name: str
    duckdb_type: str
    description: str
    optional: bool = False


FACTS: dict[str, tuple[Fact, ...]] = {
    "attempts": (
        # The first three may keep their own type, as ids sort faster than their text. Attempts that began at the same
        # time are numbered in the order of native_id.
        Fact("native_id", "VARCHAR", "The row's own id."),
        Fact("campaign", "VARCHAR", "The campaign's own id or name; null if the row belongs to no campaign."),
        Fact("person", "VARCHAR", "The target's own id or name; null if the row names nobody."),
        Fact("channel", "VARCHAR", "phone, door, email, text or unknown."),
        Fact("direction", "VARCHAR", "outbound, inbound or unknown."),
        Fact("began_at", "TIMESTAMP", "When the attempt began (UTC); null while it is only scheduled."),
        Fact(
            "ended_at",
            "TIMESTAMP",
            "When the attempt ended (UTC); null while it is open, and if the source does not say.",
        ),
        Fact("time_basis", "VARCHAR", "The field that the time came from."),
        Fact(
            "mapping_field",
            "VARCHAR",
            "The mapping's field that decides the disposition; null if none does. If no line names the value, the "
            "disposition is unknown, and the value is listed.",
        ),
        Fact("mapping_value", "VARCHAR", "The value to look up under that field."),
        Fact("raw_disposition", "VARCHAR", "The source's own value."),
        Fact("is_automated", "BOOLEAN", "True if a machine made the attempt."),
        Fact("agent", "VARCHAR", "The agent's own id; null if nobody is named."),
        Fact("scheduled_at", "TIMESTAMP", "When it is or was to be sent (UTC).", optional=True),
        Fact(
            "deleted_at",
            "TIMESTAMP",
            "When the row was withdrawn (UTC); from then on it does not count.",
            optional=True,
        ),
        Fact(
            "destination_index",
            "INTEGER",
            "Index of the destination that was dialled, 0 to 4.",
            optional=True,
        ),
        Fact("try_count", "INTEGER", "Number of the try at that destination, from 1.", optional=True),
        Fact("outdial_target_id", "UUID", "The entry of the dialer's list.", optional=True),
        Fact(
            "point_kind",
            "VARCHAR",
            "What the attempt went to: phone, email or address; null if the row does not say.",
            optional=True,
        ),
        Fact(
            "point_value",
            "VARCHAR",
            "The number or the e-mail address, as the source writes it.",
            optional=True,
        ),
        Fact("point_id", "VARCHAR", "The source's own id of a postal address.", optional=True),
        Fact(
            "point_basis",
            "VARCHAR",
            "The field that says where the attempt went; null if none does.",
            optional=True,
        ),
        Fact(
            "timing",
            "VARCHAR",
            "What the time is the time of: dialled, completed, recorded or scheduled. Only a dialled one can break a rule "
            "about hours.",
            optional=True,
        ),
        Fact(
            "talk_seconds",
            "DOUBLE",
            "From the answer to the hangup (seconds); null if the source does not say.",
            optional=True,
        ),
    ),
    "campaigns": (
        Fact("campaign", "VARCHAR", "The campaign's own id or name."),
        Fact("name", "VARCHAR", "The campaign's name; null or empty if it has none."),
        Fact("outdial_id", "UUID", "The list of targets that it dials.", optional=True),
    ),
    "targets": (
        Fact("campaign", "VARCHAR", "The campaign's own id; null for the source as a whole."),
        Fact("person", "VARCHAR", "The target's own id or name."),
        Fact(
            "is_listed",
            "BOOLEAN",
            "True if the target is on the campaign's list; false for a tried target that is on none.",
        ),
        Fact(
            "ended_by",
            "VARCHAR",
            "exhausted or reached_elsewhere: why no further attempt follows; null if one may follow.",
            True,
        ),
        Fact("is_deleted", "BOOLEAN", "True if the source has deleted the target.", optional=True),
    ),
    # Of a source that decides itself whom it tries next. It names all its targets, open or not.
    "queue": (
        Fact(
            "campaign", "VARCHAR", "The own id of the campaign that tries next; null if it belongs to none."
        ),
        Fact("person", "VARCHAR", "The target's own id or name."),
        Fact("is_open", "BOOLEAN", "True if the source may try it again, or is trying it."),
        Fact("is_in_flight", "BOOLEAN", "True if an attempt is open."),
        Fact("tries_left", "BIGINT", "Tries that are left; null if nobody knows."),
        Fact("eligible_at", "TIMESTAMP", "The earliest time of the next attempt (UTC); null for any time."),
        Fact(
            "names_point", "BOOLEAN", "True if the source says which point is next, whether it is one or not."
        ),
        Fact("point_kind", "VARCHAR", "What is tried next: phone or email; null if it is neither."),
        Fact("point_value", "VARCHAR", "The number or the e-mail address that is tried next."),
    ),
    "points": (
        Fact("person", "VARCHAR", "The target's own id or name, as in attempts."),
        Fact("kind", "VARCHAR", "phone, email or address."),
        Fact(
            "value",
            "VARCHAR",
            "The number, the e-mail address or the postal address, as the source writes it.",
        ),
        Fact("point_id", "VARCHAR", "The source's own id of a postal address.", optional=True),
        Fact("status", "VARCHAR", "The source's own word for the point's state.", optional=True),
        Fact("status_at", "TIMESTAMP", "When the state was set (UTC).", optional=True),
    ),
    "places": (
        Fact("person", "VARCHAR", "The target's own id or name."),
        Fact("country", "VARCHAR", "The country's ISO code or name.", optional=True),
        Fact("region", "VARCHAR", "The state or province.", optional=True),
        Fact("zone", "VARCHAR", "An IANA time zone.", optional=True),
        Fact(
            "zone_basis",
            "VARCHAR",
            "How the source knows the zone: address, stated or inferred.",
            optional=True,
        ),
    ),
    "identities": (
        Fact("person", "VARCHAR", "The target's own id or name."),
        Fact("first_name", "VARCHAR", "The first name."),
        Fact("last_name", "VARCHAR", "The last name.", optional=True),
        Fact("external_id", "VARCHAR", "An id that other systems share.", optional=True),
    ),
    "marks": (
        Fact("mark", "VARCHAR", "What names the mark within its source."),
        Fact(
            "person",
            "VARCHAR",
            "The target's own id or name; null if the mark names a point alone.",
            optional=True,
        ),
        Fact(
            "point_kind",
            "VARCHAR",
            "phone, email or address; null if the mark is on the whole target.",
            optional=True,
        ),
        Fact(
            "point_value",
            "VARCHAR",
            "The number or the e-mail address, as the source writes it.",
            optional=True,
        ),
        Fact("point_id", "VARCHAR", "The source's own id of a postal address.", optional=True),
        Fact(
            "kind",
            "VARCHAR",
            "do_not_contact, opted_out, bad_contact_info, house_list, or opted_in, which ends the others.",
        ),
        Fact("channels", "VARCHAR", "The channels that it is about, with spaces between; null for all."),
        Fact("since", "TIMESTAMP", "Since when (UTC); null if nothing says it."),
        Fact("since_basis", "VARCHAR", "status_changed, updated_at_latest, list or unknown."),
        Fact("until", "TIMESTAMP", "Until when (UTC); null if it has no end.", optional=True),
        Fact("evidence", "VARCHAR", "The field and the word that say it."),
    ),
    "crosswalk": (
        Fact("of_source", "VARCHAR", "The source of the target."),
        Fact("person", "VARCHAR", "The target's own id or name."),
        Fact("name", "VARCHAR", "The person: any text, the same for all targets of one person."),
    ),
}
"""SQL file of a source → the columns that it gives. A source with attempts must have ``attempts``; the others are for
lists."""
