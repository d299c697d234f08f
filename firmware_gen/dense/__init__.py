"""A dense int8 CNN as C on an emulated core, and what it and a spiking network cost from first event to answer."""
