"""The organization's own lists: whom not to contact, and which targets of several systems are one person.

The lists hold no attempts and no ids. Each folder holds the whole list: a line that is no longer in its files no longer
holds. Its times are times for which the organization decided something, so nothing here says when anything happened.
"""

from pipelines.sources.contract import Field, Resource, Source

RESOURCES = (
    Resource(
        source="house",
        name="suppressions",
        description="One row per line of the organization's own list of points that are not to be contacted.",
        key=("kind", "value", "channel", "since"),
        version=None,
        is_whole_list=True,
        fields=(
            Field(
                "kind",
                "text",
                "What the value is: phone, email or address.",
                required=True,
                closed=("phone", "email", "address"),
            ),
            Field(
                "value",
                "text",
                "The phone number, the e-mail address, or the id of the postal address.",
                required=True,
                personal=True,
            ),
            Field(
                "channel",
                "text",
                "The channel that is closed: phone, door, email or text; null for every channel.",
                known=("phone", "door", "email", "text"),
            ),
            Field("reason", "text", "Why the point is on the list.", personal=True),
            Field("since", "timestamp", "From when the line holds (UTC); null: it always did."),
            Field("until", "timestamp", "Until when the line holds (UTC); null: it has no end."),
        ),
    ),
    Resource(
        source="house",
        name="people",
        description="One row per target whose person the organization knows. It wins over any match.",
        key=("source", "target_id"),
        version=None,
        is_whole_list=True,
        fields=(
            Field("source", "text", "The target's source, as in core.sources.", required=True),
            Field("target_id", "text", "The target's own id.", required=True),
            Field(
                "person",
                "text",
                "The person: any text, the same for all targets of one person.",
                required=True,
                personal=True,
            ),
        ),
    ),
)

SOURCE = Source(
    name="house",
    title="House lists",
    target="a line of the organization's own lists",
    resources=RESOURCES,
    measures_contact=False,
    has_attempts=False,
)
