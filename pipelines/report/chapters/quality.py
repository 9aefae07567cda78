"""Quality: which checks failed, and what became of every row."""

from __future__ import annotations

from pipelines.report.chapters.section import Chapter, Section

CHAPTER = Chapter(
    "quality",
    "Quality",
    (
        Section(
            id="failed-checks",
            table="quality.check_results",
            title="Checks that failed",
            where="NOT passed",
            order="severity, table_name, check_name",
            lead=("table_name", "check_name", "severity", "observed", "detail", "checked_at"),
            empty="None failed.",
            open=True,
        ),
        Section(
            id="unmapped-values",
            table="quality.unmapped_values",
            title="Values that the mapping does not know",
            reading="The rows that have them count as attempts that end in unknown. To map a value, append its line to "
            "dispositions.csv in the landing folder, below the header source,field,value,disposition, and write what it "
            "stands for in place of unknown.",
            order="source, rows DESC, field, value",
            lead=("line", "rows", "attempts"),
            empty="The mapping knows every value that was met.",
            open=True,
        ),
        Section(
            id="row-accounting",
            table="quality.row_accounting",
            title="Every row accounted for",
            reading="Read = accepted + superseded + rejected, for every file. Superseded rows are older versions of a row, "
            "or the same file again. A file that changed counts its rows as they are now, and those of before that are "
            "still in the ledger.",
            order="source, resource, file",
            open=True,
        ),
        Section(
            id="rejected-rows",
            table="quality.rejected_rows",
            title="Rows that were rejected",
            reading="Kept as they came, with the reason; no figure above counts them.",
            order="source, resource, file, position",
            lead=("reason", "field", "value", "source", "resource", "file", "position", "record"),
            empty="No row was rejected.",
            limit=1_000,
        ),
        Section(
            id="notices",
            table="quality.notices",
            title="Worth knowing of the input",
            reading="Values that were read and kept although they were new or contradict another field, and files that "
            "nothing reads.",
            order="source, resource, file, code, field, value",
            empty="Nothing out of the ordinary was read.",
            limit=1_000,
        ),
    ),
)
