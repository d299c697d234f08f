"""Training: from recordings to a checkpoint, and from a checkpoint to an integer model. PyTorch is used here alone."""

from edge_sast.environment import let_threads_sleep

let_threads_sleep()  # before torch is imported
