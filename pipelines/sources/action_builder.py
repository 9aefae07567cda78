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
_ID = Field("id", "bigint", "Identifier.", required=True)
_STATUS = Field(
    "status",
    "text",
    "The state of the contact info.",
    known=("verified", "user_added", "bad", "do_not_contact"),
)
_OWNER = (
    Field("owner_id", "bigint", "Whose it is, in the table of owner_type."),
    Field("owner_type", "text", "Kind of the owner: Entity or another.", known=("Entity",)),
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
    Resource(
        source="action_builder",
        name="phone_numbers",
        description="One row per phone number of an entity, with its state.",
        created="created_at",
        fields=(
            _ID,
            Field("number", "text", "The number.", personal=True),
            Field("ext", "text", "The extension.", personal=True),
            Field("number_type", "text", "What kind of number it is."),
            _STATUS,
            *_OWNER,
            *_TIMES,
        ),
    ),
    Resource(
        source="action_builder",
        name="emails",
        description="One row per e-mail address of an entity, with its state.",
        created="created_at",
        fields=(
            _ID,
            Field("email", "text", "The address.", personal=True),
            _STATUS,
            *_OWNER,
            *_TIMES,
        ),
    ),
    Resource(
        source="action_builder",
        name="addresses",
        description="One row per postal address of an entity, with its state and its time zone.",
        created="created_at",
        fields=(
            _ID,
            Field("street_address", "text", "Street and number.", personal=True),
            Field("city", "text", "The city.", personal=True),
            Field("state", "text", "The state or province.", personal=True),
            Field("postal_code", "text", "The postal code.", personal=True),
            Field("country", "text", "The country.", personal=True),
            Field("timezone", "text", "The time zone of the address, as an IANA name.", personal=True),
            _STATUS,
            *_OWNER,
            *_TIMES,
        ),
    ),
    Resource(
        source="action_builder",
        name="entities",
        target="id",
        description="One row per entity: who is contacted.",
        created="created_at",
        fields=(
            Field("id", "bigint", "Identifier of the entity.", required=True),
            Field("interact_id", "text", "The entity's id across the vendor's products.", personal=True),
            Field("first_name", "text", "The entity's first name.", personal=True),
            Field("middle_name", "text", "The entity's middle name.", personal=True),
            Field("last_name", "text", "The entity's last name.", personal=True),
            Field("custom_id", "text", "The entity's id in another system.", personal=True),
            *_TIMES,
        ),
    ),
    Resource(
        source="action_builder",
        name="users",
        description="One row per user of the organization: the agents.",
        version=None,
        fields=(
            _ID,
            Field("first_name", "text", "The user's first name.", personal=True),
            Field("last_name", "text", "The user's last name.", personal=True),
        ),
    ),
)

SOURCE = Source(
    name="action_builder",
    title="Action Builder",
    target="a record of its own, counted once however many campaigns tried it",
    resources=RESOURCES,
)
