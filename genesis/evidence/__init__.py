"""What returns prove: estimators with their errors, bets that may be watched for ever, families, intervals (docs/EVIDENCE.md)."""
