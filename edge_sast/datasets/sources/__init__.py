"""Where recordings come from: folders and archives, digits that a simulated camera sees, other packages, windows."""
