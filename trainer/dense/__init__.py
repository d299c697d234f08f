"""A dense int8 CNN trained on frames of event counts, quantisation-aware, beside which spiking networks are judged."""
