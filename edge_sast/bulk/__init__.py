"""The same work on many items: threads behind one map."""
