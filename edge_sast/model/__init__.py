"""The integer model: frozen, validated, proven, hashed. It knows no device."""
