"""A dense int8 CNN on one frame of event counts: what the same recordings cost a device without spikes."""
