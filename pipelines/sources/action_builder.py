"""Action Builder, as its SQL mirror gives it: canvass tasks, log-contact forms, and the attempts made in them.

Times are UTC without a zone. A copy never learns that a row was deleted. Dumps from before 2024-02 lack
``target_type``, ``target_id`` and ``note``. Some warehouses call the two times ``utc_created_at`` and
``utc_updated_at``.
"""

from pipelines.sources.contract import Field, Resource, Source

_TIMES = (
    Field(
        "created_at",
        "timestamp",
        "When the object was created (UTC).",
        aliases=("utc_created_at",),
        stamp=True,
    ),
    Field(
        "updated_at",
        "timestamp",
        "When the object was last updated (UTC).",
        aliases=("utc_updated_at",),
        stamp=True,
    ),
)

RESOURCES = (
    Resource(
        source="action_builder",
        name="contact_attempts",
        target="entity_id",
        began=("created_at",),
        description=(
            "One row per contact attempt made to an entity, from a canvass task or a log-contact form. "
            "Disposition 3 (skipped) means that no attempt was made."
        ),
        fields=(
            Field("id", "bigint", "Identifier of the contact attempt.", required=True),
            Field("entity_id", "bigint", "The entity (person) who was contacted; entities.id."),
            Field(
                "action_entity_id", "bigint", "The task-and-entity pair the contact was performed in, if any."
            ),
            Field("action_id", "bigint", "The task the contact was performed in, if any; actions.id."),
            Field("campaign_id", "bigint", "The campaign the contact was performed in; campaigns.id."),
            Field(
                "contact_info_type",
                "text",
                "Type of the contact info used: Address, PhoneNumber, Email, or null.",
                known=("Address", "PhoneNumber", "Email"),
            ),
            Field("contact_info_id", "bigint", "Identifier of the contact info, in the table of its type."),
            Field(
                "disposition",
                "integer",
                "0 contacted, 1 attempted, 2 marked as bad, 3 skipped, 4 marked as do not contact.",
                closed=("0", "1", "2", "3", "4"),
            ),
            Field("created_by_id", "bigint", "The user who created the attempt; users.id."),
            *_TIMES,
            Field(
                "target_type",
                "text",
                "What holds the attempt: Action (a task) or CustomForm (a log-contact form).",
                known=("Action", "CustomForm"),
            ),
            Field("target_id", "bigint", "Identifier of what holds the attempt, in the table of its type."),
            Field("note", "text", "Note left when the attempt was created.", personal=True),
        ),
    ),
    Resource(
        source="action_builder",
        name="campaigns",
        description="One row per campaign of the organization.",
        created="created_at",
        fields=(
            Field("id", "bigint", "Identifier of the campaign.", required=True),
            Field("name", "text", "The campaign's name.", aliases=("title",), label=True),
            *_TIMES,
        ),
    ),
    Resource(
        source="action_builder",
        name="actions",
        description=(
            "One row per task. Its type says whether an attempt at a PhoneNumber was a call or a text."
        ),
        fields=(
            Field("id", "bigint", "Identifier of the task.", required=True),
            Field("campaign_id", "bigint", "The campaign the task belongs to; campaigns.id."),
            Field("name", "text", "The task's name.", aliases=("title",)),
            Field(
                "action_type",
                "text",
                "What kind of work the task is, as the mirror names it.",
                aliases=("type",),
            ),
            *_TIMES,
        ),
    ),
)

SOURCE = Source(
    name="action_builder",
    title="Action Builder",
    target="a record of its own, counted once however many campaigns tried it",
    resources=RESOURCES,
)
