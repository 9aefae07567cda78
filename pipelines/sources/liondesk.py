"""LionDesk: messages and calls that a campaign schedules for a contact.

A row of a list has no id, no contact and no time of change. The contact comes from the row, from the document around
the page, or from the file's path. The vendor's own documentation contradicts itself on ``completing_user_id``, so a row
that contradicts itself is kept, with a notice.
"""

from pipelines.sources.contract import Contradiction, Field, PageSets, Resource, Source

RESOURCES = (
    Resource(
        source="liondesk",
        name="contact_communications",
        target="contact_id",
        description="One row per scheduled, dispatched or completed communication with a contact.",
        key=("communication_key",),
        version=None,
        # There is no time of change. A row that says it was dispatched is later than one that says it was not.
        settled="NOT is_active",
        streams=("campaign_communications", "campaign-communications"),
        page_sets=PageSets(
            native="id",
            same=("contact_id", "campaign_name", "type", "template_folder_name", "template_name", "send_at"),
            owner="contact_id",
            owner_in_path=r"(?:^|/)contact(?:s/|_id=)(\d{1,18})(?=/|$|\.)",  # contacts/76/… or contact_id=76/…
            ownerless="no_contact",
        ),
        contradictions=(
            Contradiction(
                "completing_user_id",
                "is_active AND completing_user_id IS NOT NULL",
                "active, with a completing user",
            ),
            Contradiction(
                "completed_at",
                "is_active AND completed_at IS NOT NULL",
                "active, with a time of completion",
            ),
            Contradiction(
                "completed_at",
                "NOT is_active AND completed_at IS NULL",
                "not active, without a time of completion",
            ),
        ),
        fields=(
            Field(
                "communication_key",
                "text",
                "The row's id; without one, a hash of contact, campaign, type, template folder, template, send time "
                "and the ordinal among equal rows of one page set.",
            ),
            Field("id", "bigint", "The row's own identifier; the vendor's lists have none."),
            Field("contact_id", "bigint", "The contact the communication is for.", required=True),
            Field("campaign_name", "text", "Name of the campaign the communication is part of.", label=True),
            Field(
                "type",
                "text",
                "Email Contact, Call Contact or Text Contact.",
                known=("Email Contact", "Call Contact", "Text Contact"),
            ),
            Field(
                "is_stopped_on_text_reply",
                "boolean",
                "True if a reply stops the communication; only for Text Contact.",
            ),
            Field("template_subject", "text", "Subject of the template."),
            Field("template_name", "text", "Name of the template."),
            Field("template_folder_name", "text", "Folder of the template."),
            Field("is_active", "boolean", "True while not yet dispatched or completed.", required=True),
            Field("send_at", "timestamp", "When it is scheduled to be sent (UTC)."),
            Field(
                "completed_at",
                "timestamp",
                "When it was dispatched or completed (UTC); null before.",
                stamp=True,
            ),
            Field("send_from_user_id", "bigint", "The agent it is shown as being from."),
            Field("completing_user_id", "bigint", "The user who marked it as completed."),
            Field(
                "send_from_user", "person", "The agent it is shown as being from, when loaded.", personal=True
            ),
            Field(
                "completing_user",
                "person",
                "The user who marked it as completed, when loaded.",
                personal=True,
            ),
        ),
    ),
    Resource(
        source="liondesk",
        name="contacts",
        target="id",
        description="One row per contact: whom the communications are for.",
        version="modified_at",
        created="created_at",
        fields=(
            Field("id", "bigint", "Identifier of the contact.", required=True),
            Field("first_name", "text", "The contact's first name.", personal=True),
            Field("last_name", "text", "The contact's last name.", personal=True),
            Field("email", "text", "The contact's e-mail address.", personal=True),
            *(
                Field(f"{kind}_phone", "text", f"The contact's {kind} number, free text.", personal=True)
                for kind in ("mobile", "home", "office")
            ),
            Field("company", "text", "The contact's company.", personal=True),
            Field("tags", "texts", "The contact's tags.", personal=True),
            Field("created_at", "timestamp", "When the contact was created (UTC).", stamp=True),
            Field("modified_at", "timestamp", "When the contact was last modified (UTC).", stamp=True),
        ),
    ),
)

SOURCE = Source(
    name="liondesk",
    title="LionDesk",
    target="a contact",
    resources=RESOURCES,
    measures_contact=False,
)
