"""Makes the decisions of an export again; nothing of it but Python's standard library. recompute.py beside this folder runs it.

Read in this order, each stands on those before: comparing, arithmetic; what tracks show: evidence, monitors, books, perpetuals, version; the rules: ladder, look,
decision, criteria, experiments, account; the record: tracks, run, report.
"""
