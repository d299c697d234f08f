"""Commands that train and judge. x.py: the options, without torch; x_run.py: the work."""
