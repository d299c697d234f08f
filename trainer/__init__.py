"""Training of spiking networks: SAST, its neighbours, fair baselines, and the integers of the device."""
