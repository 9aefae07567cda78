"""Contact Ledger: every contact attempt accounted for, replayed, and reported with its denominator.

Data flows one way. Imports go the other way: a module imports only modules of its own line or of a line above.

    errors sql_text
    settings
    standing
    sources
    warehouse
    ingest
    models
    validation
    report
    publish
    refresh
    orchestration
    definitions
    cli
    __main__
"""
