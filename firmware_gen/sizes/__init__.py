"""Flash, RAM and stack, told before anything is compiled."""
