"""The same work on many items behind one map: here, in processes of this machine, or on Ray's workers."""
