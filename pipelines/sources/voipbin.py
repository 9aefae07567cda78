"""VoIPBIN: the dialer's calls, the targets that it dials, and the plans that it dials them by.

Durations are milliseconds. Three eras of files are read alike: a time may have a space or a ``T`` and trimmed zeros, the
year 9999 means "not deleted", and the all-zero UUID means "no object". Lists are newest first and are polled again, so
snapshots of one ``id`` repeat.
"""

from pipelines.sources.contract import NEVER, Field, Kind, Resource, Source

INDEXES = range(5)
"""Indexes of a target's destinations. Each destination has its own tries and its own budget."""

_SENTINELS: dict[Kind, tuple[str, ...]] = {
    "timestamp": NEVER,  # not deleted
    "uuid": ("00000000-0000-0000-0000-000000000000",),  # no object
}

_TIMES = (
    Field("tm_create", "timestamp", "When the object was created (UTC).", stamp=True),
    Field("tm_update", "timestamp", "When any property was last updated (UTC).", stamp=True),
    Field(
        "tm_delete",
        "timestamp",
        "When the object was deleted (UTC); the year 9999 means not deleted: null.",
        stamp=True,
    ),
)
_ID = Field("id", "uuid", "Unique identifier.", required=True)
_HANGUP_REASONS = (
    "normal",  # ended after an answer
    "failed",  # never reached the phone network
    "busy",
    "cancel",  # cancelled before an answer
    "timeout",  # answered, and ended at the longest duration of a call
    "noanswer",
    "unanswer",  # an older word for noanswer
    "dialout",  # nobody answered within the dial timeout
    "amd",  # a machine answered
)

RESOURCES = (
    Resource(
        source="voipbin",
        name="campaigncalls",
        target="outdial_target_id",
        began=("tm_create",),
        keeps_deleted=True,
        description="One row per dial attempt of the dialer, in its latest state.",
        version="tm_update",
        sentinels=_SENTINELS,
        deleted_at="tm_delete",
        # A row that is done wins over one that is not. Of two that are done, the one with a result wins.
        settled="CASE WHEN status = 'done' THEN 2 ELSE 0 END + CASE WHEN result IS NOT NULL THEN 1 ELSE 0 END",
        fields=(
            Field("id", "uuid", "The campaigncall's unique identifier.", required=True),
            Field("campaign_id", "uuid", "The campaign that dialled."),
            Field("outplan_id", "uuid", "The outplan used for this dial attempt."),
            Field("outdial_id", "uuid", "The outdial (list of targets) that holds the target."),
            Field("outdial_target_id", "uuid", "The outdialtarget that was dialled."),
            Field("queue_id", "uuid", "The queue that an answered call is routed to."),
            Field("activeflow_id", "uuid", "The activeflow that runs the call's actions."),
            Field(
                "reference_type",
                "text",
                "Kind of resource the call is linked to: none or call.",
                known=("none", "call", "flow"),
            ),
            Field("reference_id", "uuid", "The linked resource, e.g. the voice call's id."),
            Field(
                "status",
                "text",
                "dialing (not answered yet), progressing (answered, in progress) or done (hung up).",
                required=True,
                closed=("dialing", "progressing", "done"),
            ),
            Field(
                "result",
                "text",
                "success (normal hangup) or fail (every other); null while there is no result.",
                closed=("success", "fail"),
            ),
            Field("source", "address", "Address the call was made from.", personal=True),
            Field("destination", "address", "Address that was dialled.", personal=True),
            Field(
                "destination_index",
                "integer",
                "Which of the target's destinations was dialled, 0 to 4.",
                required=True,
                minimum=0,
                maximum=4,
            ),
            Field(
                "try_count",
                "integer",
                "Number of this attempt at this destination, from 1; null when the row does not say.",
                minimum=1,
            ),
            Field(
                "tm_create",
                "timestamp",
                "When the campaigncall was created: the dial (UTC).",
                required=True,
                stamp=True,
            ),
            Field(
                "tm_update",
                "timestamp",
                "Last update (UTC); the hangup once the status is done.",
                stamp=True,
            ),
            Field(
                "tm_delete",
                "timestamp",
                "When the campaigncall was deleted (UTC); null when it was not.",
                stamp=True,
            ),
        ),
    ),
    Resource(
        source="voipbin",
        name="outdialtargets",
        target="id",
        description="One row per target of an outdial: up to five destinations and the tries spent on each.",
        version="tm_update",
        created="tm_create",
        sentinels=_SENTINELS,
        deleted_at="tm_delete",
        settled="status = 'done'",
        fields=(
            Field("id", "uuid", "The outdialtarget's unique identifier.", required=True),
            Field("outdial_id", "uuid", "The outdial this target belongs to."),
            Field("name", "text", "Human-readable name of the target.", personal=True),
            Field("detail", "text", "Description of the target.", personal=True),
            Field("data", "text", "Custom data of the target.", personal=True),
            Field(
                "status",
                "text",
                "The platform's own view: idle (may be dialled), progressing (being dialled) or done.",
                closed=("idle", "progressing", "done"),
            ),
            *(
                Field(
                    f"destination_{i}",
                    "address",
                    f"Destination {i}; null when not configured.",
                    personal=True,
                )
                for i in INDEXES
            ),
            *(
                Field(
                    f"try_count_{i}",
                    "integer",
                    f"Dial attempts the platform has counted at destination {i}.",
                    minimum=0,
                )
                for i in INDEXES
            ),
            *_TIMES,
        ),
    ),
    Resource(
        source="voipbin",
        name="outplans",
        description="One row per version of an outplan: how often, and how soon again, a target may be dialled.",
        key=("id", "tm_update"),
        version="tm_update",
        sentinels=_SENTINELS,
        deleted_at="tm_delete",
        fields=(
            _ID,
            Field("name", "text", "Human-readable name."),
            Field("detail", "text", "Description of the dialling strategy."),
            Field("source", "address", "Caller address used for the dial.", personal=True),
            Field("dial_timeout", "bigint", "How long to wait for an answer (milliseconds)."),
            Field(
                "try_interval",
                "bigint",
                "Retry interval: least wait between tries of one target (milliseconds).",
            ),
            *(
                Field(
                    f"max_try_count_{i}", "integer", f"Most tries at destination {i}; 0 or less disables it."
                )
                for i in INDEXES
            ),
            *_TIMES,
        ),
    ),
    Resource(
        source="voipbin",
        name="campaigns",
        description="One row per campaign: which outplan dials which outdial, and whether it runs.",
        version="tm_update",
        created="tm_create",
        sentinels=_SENTINELS,
        deleted_at="tm_delete",
        fields=(
            _ID,
            Field("type", "text", "What the campaign does, e.g. call or flow.", known=("call", "flow")),
            Field("name", "text", "Human-readable name.", label=True),
            Field("detail", "text", "Description."),
            Field("status", "text", "run, stopping or stop.", closed=("run", "stopping", "stop")),
            Field("service_level", "integer", "Agents' availability the campaign dials by (percent)."),
            Field(
                "end_handle",
                "text",
                "What happens when no target is left: stop, or continue (wait for more).",
                closed=("stop", "continue"),
            ),
            Field("outplan_id", "uuid", "The outplan it dials by."),
            Field("outdial_id", "uuid", "The outdial whose targets it dials."),
            Field("queue_id", "uuid", "The queue answered calls are routed to."),
            Field("next_campaign_id", "uuid", "The campaign that follows this one."),
            *_TIMES,
        ),
    ),
    Resource(
        source="voipbin",
        name="calls",
        description=(
            "One row per voice call, in its latest state. A campaigncall's reference_id is the id of its call."
        ),
        version="tm_update",
        created="tm_create",
        sentinels=_SENTINELS,
        # A call that is hung up is later than one that is not.
        settled="status = 'hangup'",
        fields=(
            Field("id", "uuid", "The call's unique identifier.", required=True),
            Field(
                "status",
                "text",
                "The call's state: dialing, ringing, progressing (answered), terminating, canceling or hangup.",
                known=("dialing", "ringing", "progressing", "terminating", "canceling", "hangup"),
            ),
            Field(
                "hangup_by",
                "text",
                "Which end hung up first: remote or local; null while the call is open.",
                known=("remote", "local"),
            ),
            Field(
                "hangup_reason",
                "text",
                "Why the call ended; null while it is open.",
                known=_HANGUP_REASONS,
            ),
            Field("source", "address", "Address the call was made from.", personal=True),
            Field("destination", "address", "Address that was called.", personal=True),
            Field("tm_ringing", "timestamp", "When the destination began to ring (UTC).", stamp=True),
            Field("tm_progressing", "timestamp", "When the call was answered (UTC).", stamp=True),
            Field("tm_hangup", "timestamp", "When the call was hung up (UTC).", stamp=True),
            Field("tm_create", "timestamp", "When the call was created (UTC).", stamp=True),
            Field("tm_update", "timestamp", "When any property was last updated (UTC).", stamp=True),
        ),
    ),
    Resource(
        source="voipbin",
        name="queuecalls",
        description=(
            "One row per stay of a call in a queue, in its latest state. Its reference_id is the id of the call."
        ),
        version="tm_update",
        created="tm_create",
        sentinels=_SENTINELS,
        deleted_at="tm_delete",
        settled="status IN ('done', 'abandoned')",
        # The platform deletes the stay when it is over; it was in the queue all the same.
        keeps_deleted=True,
        fields=(
            Field("id", "uuid", "The queuecall's unique identifier.", required=True),
            Field("reference_type", "text", "Kind of resource that waits: call.", known=("call",)),
            Field("reference_id", "uuid", "What waits; calls.id."),
            Field(
                "status",
                "text",
                "initiating, waiting, connecting (an agent is called), kicking (it is being removed), service (with "
                "an agent), done (after service) or abandoned (gone before service).",
                known=("initiating", "waiting", "connecting", "kicking", "service", "done", "abandoned"),
            ),
            Field("service_agent_id", "uuid", "The agent who took the call."),
            Field("duration_waiting", "bigint", "How long the call waited (milliseconds)."),
            Field("duration_service", "bigint", "How long the call was with an agent (milliseconds)."),
            Field("tm_create", "timestamp", "When the call entered the queue (UTC).", stamp=True),
            Field("tm_service", "timestamp", "When an agent took the call (UTC).", stamp=True),
            Field("tm_update", "timestamp", "When any property was last updated (UTC).", stamp=True),
            Field(
                "tm_delete",
                "timestamp",
                "When the queuecall was deleted (UTC); the year 9999 means not deleted: null.",
                stamp=True,
            ),
        ),
    ),
)

SOURCE = Source(
    name="voipbin",
    title="VoIPBIN",
    target="an entry of one of its lists: a person on two lists is two targets",
    resources=RESOURCES,
)
