"""What trainings of a sweep are compared by."""

OBJECTIVES = {  # name: figure of a trial, direction
    "accuracy": ("accuracy", "maximize"),
    "synops": ("synops_per_sample", "minimize"),
    "flash": ("flash_bytes", "minimize"),
    "ram": ("ram_bytes", "minimize"),
}
