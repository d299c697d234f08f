"""The generated C on an emulated microcontroller core: compiled for it, called function by function, counted."""
