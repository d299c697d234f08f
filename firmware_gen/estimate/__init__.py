"""What a recording costs a core, estimated from what its layers take in and fire, before anything is compiled."""
