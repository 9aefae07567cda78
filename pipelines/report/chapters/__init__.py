"""What the page shows, in order: chapters of sections, each of one published table.

Belongs here: a module for each chapter, with the words that are the page's own (titles, how to read a chart). Does not
belong here: what a table or a column means; that is its comment in the published file.

A section whose table, or a column that its filter or order names, was not published is left out.
"""

from pipelines.report.chapters import across, campaign, dialer, effort, further, quality, reference, results
from pipelines.report.chapters.section import Caution, Chapter, Chart, Copied, Place, Section

__all__ = ["CHAPTERS", "Caution", "Chapter", "Chart", "Copied", "Place", "Section"]

CHAPTERS = (
    results.CHAPTER,
    effort.CHAPTER,
    dialer.CHAPTER,
    across.CHAPTER,
    further.CHAPTER,
    campaign.CHAPTER,
    quality.CHAPTER,
    reference.CHAPTER,
)
"""The page's chapters in their order. The sections of ``campaign`` stand in every campaign's own section."""
