"""Which views are worth their time: every subset of the candidates scored from predictions that are made once."""
