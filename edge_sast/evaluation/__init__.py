"""Accuracy under faults of the sensor."""
