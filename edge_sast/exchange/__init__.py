"""Other tools' networks: NIR (Neuromorphic Intermediate Representation) in and out. docs/nir.md tells the rules."""
