"""Outreach: calls logged against prospects, the dispositions they end in, and the sequences they belong to.

An extract holds the rows whose ``updatedAt`` lies in a range, both ends included. Rows therefore repeat, and any past
day can change. Calls logged by hand have no ``dialedAt`` and no ``answeredAt``. Each organization names its own
dispositions.

Ids are unique within one organization only. Data sharing says in every row which one it is: ``O_ID``, and ``BENTO``, the
group of machines on which it lives. Where a file has them, they are part of every key, and stand in front of every id:
``outreach:calls:app1.7.41``, ``outreach:app1.7.900``. Files without them keep the plain ids: ``outreach:calls:41``. The
API does not say the organization, so the same calls from the API and from data sharing are two sets of calls. The rule
``calls_name_their_organization`` warns of it.
"""

from pipelines.sources.contract import Field, Marker, Resource, Source

_RELATIONS = {
    "call_disposition": "The call's disposition; call_dispositions.id.",
    "call_purpose": "The call's purpose.",
    "opportunity": "The opportunity the call belongs to.",
    "phone_number": "The prospect's phone number that was used.",
    "prospect": "The prospect: who was called.",
    "sequence": "The sequence the call belongs to; sequences.id.",
    "sequence_state": "The prospect's state in the sequence.",
    "sequence_step": "The step of the sequence.",
    "task": "The task the call completed.",
    "user": "The user who called.",
}

_ORGANIZATION = (
    Field(
        "bento",
        "text",
        "Data sharing: the group of machines that the organization lives on; null in other files.",
        label=True,
    ),
    Field(
        "o_id",
        "text",
        "Data sharing: the organization, within which every id is unique; null in other files.",
        label=True,
    ),
)
_SCOPE = tuple(field.name for field in _ORGANIZATION)
_MARKERS = (
    Marker("dml_type", "operation"),
    Marker("dml_at", "seen_at"),
    Marker("is_deleted_in_app", "flag"),
)
"""Columns of a data share: what was done to the row, when, and whether it was deleted in the application."""

_ID = Field("id", "bigint", "Identifier.", required=True)
_TIMES = (
    Field("created_at", "timestamp", "When the record was created (UTC).", stamp=True),
    Field("updated_at", "timestamp", "When the record was last updated (UTC).", stamp=True),
)
_PHONES = {"mobile": "mobile", "work": "work", "home": "home", "other": "other", "voip": "VoIP"}
_PROSPECT = Field("prospect_id", "bigint", "Whose it is; prospects.id.", relation="prospect")

RESOURCES = (
    Resource(
        source="outreach",
        name="calls",
        key=("id", *_SCOPE),
        scope=_SCOPE,
        target="prospect_id",
        began=("dialed_at", "answered_at", "completed_at", "created_at"),
        description="One row per inbound or outbound call made with a prospect, as last updated.",
        streams=("call",),
        markers=_MARKERS,
        fields=(
            Field("id", "bigint", "Identifier of the call.", required=True),
            *_ORGANIZATION,
            Field(
                "answered_at",
                "timestamp",
                "When the call was answered (UTC), by a person or by a voicemail box.",
                stamp=True,
            ),
            Field("completed_at", "timestamp", "When the call was completed (UTC).", stamp=True),
            Field(
                "created_at",
                "timestamp",
                "When the record was created (UTC); not the time of the call.",
                stamp=True,
            ),
            Field(
                "dialed_at",
                "timestamp",
                "When the call was dialled (UTC); null for calls logged by hand.",
                stamp=True,
            ),
            Field(
                "direction",
                "text",
                "inbound or outbound, as the user sees it.",
                closed=("inbound", "outbound"),
            ),
            Field("external_vendor", "text", "The voice provider of the call."),
            Field("from", "text", "Phone number the call was placed from.", personal=True),
            Field("note", "text", "Note on the call.", personal=True),
            Field(
                "outcome",
                "text",
                "Answered or Not Answered; in newer extracts completed or no_answer.",
                known=("Answered", "Not Answered", "completed", "no_answer"),
            ),
            Field("recording_url", "text", "Address of the call's recording.", personal=True),
            Field("returned_at", "timestamp", "When the call was returned (UTC).", stamp=True),
            Field(
                "sequence_action",
                "text",
                "What the call did to the sequence: Advance, Finish, Finish - No Reply or Finish - Replied.",
                known=("Advance", "Finish", "Finish - No Reply", "Finish - Replied"),
            ),
            Field("should_record_call", "boolean", "True if the call is to be recorded."),
            Field(
                "state",
                "text",
                "The call's current state.",
                aliases=("call_state",),
                known=(
                    "initiated",
                    "queued",
                    "ringing",
                    "in-progress",
                    "in_progress",
                    "completed",
                    "busy",
                    "failed",
                    "no-answer",
                    "no_answer",
                    "not_answered",
                    "answered",
                    "canceled",
                    "bridged",
                    "left_voicemail",
                    "voicemail",
                ),
            ),
            Field("state_changed_at", "timestamp", "When the state last changed (UTC).", stamp=True),
            Field("tags", "texts", "Tags on the call."),
            Field("to", "text", "Phone number the call was placed to.", personal=True),
            Field("uid", "text", "Outreach's voice trace id."),
            Field("updated_at", "timestamp", "When the call was last updated (UTC).", stamp=True),
            Field("user_call_type", "text", "bridge or voip.", known=("bridge", "voip")),
            Field("vendor_call_id", "text", "The voice provider's id of the call."),
            Field("voicemail_recording_url", "text", "Address of the voicemail's recording.", personal=True),
            *(
                Field(f"{relation}_id", "bigint", text, relation=relation)
                for relation, text in _RELATIONS.items()
            ),
        ),
    ),
    Resource(
        source="outreach",
        name="call_dispositions",
        description="One row per call disposition of the organization.",
        key=("id", *_SCOPE),
        scope=_SCOPE,
        streams=("call_disposition",),
        markers=_MARKERS,
        fields=(
            _ID,
            *_ORGANIZATION,
            Field("name", "text", "The disposition's name, free text.", label=True),
            Field(
                "outcome",
                "text",
                "The outcome it stands for: completed or no_answer.",
                known=("Answered", "Not Answered", "completed", "no_answer"),
            ),
            Field("order", "integer", "Place in the list of dispositions."),
            Field("default_for_outbound_voicemail", "boolean", "True if it is set when a voicemail is left."),
            *_TIMES,
        ),
    ),
    Resource(
        source="outreach",
        name="sequences",
        description="One row per sequence: the campaign of an Outreach call.",
        created="created_at",
        key=("id", *_SCOPE),
        scope=_SCOPE,
        streams=("sequence",),
        markers=_MARKERS,
        fields=(
            _ID,
            *_ORGANIZATION,
            Field("name", "text", "The sequence's name.", label=True),
            Field("description", "text", "What the sequence is for."),
            Field("sequence_type", "text", "interval or date.", known=("interval", "date")),
            Field("enabled", "boolean", "True if the sequence is switched on."),
            *_TIMES,
        ),
    ),
    Resource(
        source="outreach",
        name="prospects",
        target="id",
        description="One row per prospect: who is called, where they can be reached, and what they agreed to.",
        created="created_at",
        key=("id", *_SCOPE),
        scope=_SCOPE,
        streams=("prospect",),
        markers=_MARKERS,
        # A prospect in the trash was called all the same.
        keeps_deleted=True,
        fields=(
            Field("id", "bigint", "Identifier of the prospect.", required=True),
            *_ORGANIZATION,
            Field("first_name", "text", "The prospect's first name.", personal=True),
            Field("last_name", "text", "The prospect's last name.", personal=True),
            Field("emails", "texts", "The prospect's e-mail addresses.", personal=True),
            *(
                Field(f"{kind}_phones", "texts", f"The prospect's {words} numbers.", personal=True)
                for kind, words in _PHONES.items()
            ),
            Field("call_opted_out", "boolean", "True if the prospect is not to be called."),
            Field(
                "calls_opt_status",
                "text",
                "What the prospect said about calls: opted_in, opted_out, or null.",
                known=("opted_in", "opted_out"),
            ),
            Field("calls_opted_at", "timestamp", "When calls_opt_status was set (UTC).", stamp=True),
            Field(
                "emails_opt_status",
                "text",
                "What the prospect said about e-mails: opted_in, opted_out, or null.",
                aliases=("email_opt_status",),
                known=("opted_in", "opted_out"),
            ),
            Field("emails_opted_at", "timestamp", "When emails_opt_status was set (UTC).", stamp=True),
            Field("opted_out", "boolean", "True if the prospect is not to be contacted in any way."),
            Field("opted_out_at", "timestamp", "When opted_out was set (UTC).", stamp=True),
            Field("time_zone", "text", "The prospect's time zone, as it was entered.", personal=True),
            Field("time_zone_iana", "text", "The prospect's time zone, as an IANA name.", personal=True),
            Field("time_zone_inferred", "boolean", "True if Outreach guessed the time zone."),
            Field("address_city", "text", "The prospect's city.", personal=True),
            Field("address_state", "text", "The prospect's state or province.", personal=True),
            Field("address_zip", "text", "The prospect's postal code.", personal=True),
            Field("address_country", "text", "The prospect's country.", personal=True),
            Field("external_id", "text", "The prospect's id in another system.", personal=True),
            Field("trashed_at", "timestamp", "When the prospect was put into the trash (UTC).", stamp=True),
            *_TIMES,
        ),
    ),
    Resource(
        source="outreach",
        name="phone_numbers",
        target="prospect_id",
        description="One row per phone number of a prospect, with its state.",
        version="status_changed_at",
        key=("id", *_SCOPE),
        scope=_SCOPE,
        streams=("phone_number",),
        markers=_MARKERS,
        fields=(
            _ID,
            *_ORGANIZATION,
            Field("number", "text", "The number, as Outreach writes it.", personal=True),
            Field("raw_number", "text", "The number, as it was entered.", personal=True),
            Field("country_code", "text", "The country of the number, as an ISO code."),
            Field(
                "phone_type",
                "text",
                "home, work, mobile, voip or other.",
                known=("home", "work", "mobile", "voip", "other"),
            ),
            Field(
                "status",
                "text",
                "The number's state, as Outreach or its users word it.",
                known=("good", "bad", "valid", "invalid", "opted_out"),
            ),
            Field("status_changed_at", "timestamp", "When the state was set (UTC).", stamp=True),
            _PROSPECT,
        ),
    ),
    Resource(
        source="outreach",
        name="email_addresses",
        target="prospect_id",
        description="One row per e-mail address of a prospect, with its state.",
        version="status_changed_at",
        key=("id", *_SCOPE),
        scope=_SCOPE,
        streams=("email_address",),
        markers=_MARKERS,
        fields=(
            _ID,
            *_ORGANIZATION,
            Field("email", "text", "The address.", personal=True),
            Field(
                "status",
                "text",
                "The address's state, as Outreach or its users word it.",
                known=("good", "bad", "valid", "invalid", "bounced", "opted_out", "unsubscribed"),
            ),
            Field("status_changed_at", "timestamp", "When the state was set (UTC).", stamp=True),
            Field("unsubscribed_at", "timestamp", "When the address was unsubscribed (UTC).", stamp=True),
            _PROSPECT,
        ),
    ),
    Resource(
        source="outreach",
        name="users",
        description="One row per user of the organization: the agents.",
        version=None,
        key=("id", *_SCOPE),
        scope=_SCOPE,
        streams=("user",),
        markers=_MARKERS,
        fields=(
            _ID,
            *_ORGANIZATION,
            Field("first_name", "text", "The user's first name.", personal=True),
            Field("last_name", "text", "The user's last name.", personal=True),
        ),
    ),
)

SOURCE = Source(
    name="outreach",
    title="Outreach",
    target="a record of its own, counted once however many campaigns tried it",
    resources=RESOURCES,
)
