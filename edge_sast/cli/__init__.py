"""The top floor: arguments to calls. It imports everything, lazily; nothing imports it."""
