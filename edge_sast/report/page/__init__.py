"""One page of everything that was trained, exported, verified and measured."""
