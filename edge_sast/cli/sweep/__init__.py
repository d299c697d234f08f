"""A sweep: its space, study, trials as processes, journal and report."""
