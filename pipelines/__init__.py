"""Contact Ledger: every contact attempt accounted for, replayed, and reported with its denominator.

Data flows one way, and so do imports: settings → sources → warehouse → ingest → models → validation → publish →
report → automation → definitions → console.
"""
