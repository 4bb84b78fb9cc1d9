"""Where market data come in: recorded files (`files`) and the tape played from them (`replay`)."""
