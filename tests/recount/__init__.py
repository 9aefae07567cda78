"""Every published number a second time: in plain Python, one row after the other.

Belongs here: one reader of landing files, and one recount of every report. The recount takes rows of raw tables,
whoever made them: the generated logs of tests/sql/logs.py, or the reader. Does not belong here: code, SQL or data of
the product. A rule that stands both here and there was written down twice on purpose: a number that both ways agree
on is right, or two people made the same mistake. The code is slow, and it means to be read.

    reader.py       landing files → records
    tables.py       records → rows of raw tables: types, keys, the latest version of each key
    meanings.py     a source's value → unified disposition and AAPOR class
    attempts.py     rows → attempts → the history of each target
    replay.py       the dialer's state machine, one target after the other
    outcomes.py     reports on what became of targets
    rates.py        contact rates, slices, dispositions, hours
    comparisons.py  two contact rates beside one another
    curves.py       attempt curves, time to contact, other maxima of attempts
    aapor.py        AAPOR's classes and outcome rates
    recount.py      the recount of one ledger: every table under its name
    comparison.py   a published table held to its recount
"""
